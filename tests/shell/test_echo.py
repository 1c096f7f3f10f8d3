"""Embedded voices over speakerphones: what comes back is told from what a caller says, and a conversation goes on."""

from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.audio import Frame
from pipeline.echo import Echo
from pipeline.own_voice import FOREIGN
from pipeline.providers.sphinx.voices import Voice
from pipeline.providers.vad import Silero
from telephony.bench.echo.canceller import SpeexCanceller, library
from telephony.bench.echo.playing import Conversation, Interruption, Line, Outcome
from telephony.bench.echo.room import FRAME, Room, Speakerphone, as_sent
from telephony.bench.echo.run import NO_ECHO, figures_of
from telephony.bench.echo.run import SAID as TOURS
from telephony.bench.turns.sound import Sound, levelled, silence
from telephony.bench.turns.speakers import read
from tests.drive.models import model

SAID = "Good evening, you have reached the boat house, and I can tell you about our tours or book one for you."
LOUD = Speakerphone(delay_ms=150, return_loss_db=6)
WANDERS = Speakerphone(delay_ms=150, return_loss_db=6, wanders_ms=60)
SPEECH = 0.9


def spoken(voice: str, words: str, dbfs: float = -20.0) -> Line:
    return Line(words, levelled(read(Voice(voice), words), dbfs))


@pytest.fixture(scope="module")
def agent() -> Line:
    return spoken("flite/rms", SAID)


@pytest.fixture(scope="module")
def caller() -> Line:
    return spoken("flite/awb", "wait, that is too early for us", -24.0)


@pytest.fixture(scope="module")
def silero() -> Silero:
    return Silero(model("silero_vad.onnx"))


def ticks(phone: Speakerphone, agent: Sound, caller: Sound) -> Iterator[Frame]:
    """What a line brings, and takes."""
    room = Room(phone, "test")
    for at in range(0, len(agent) - FRAME, FRAME):
        said, heard = agent[at : at + FRAME], caller[at : at + FRAME]
        brings = room.frame(said, np.pad(heard, (0, FRAME - len(heard))))
        yield Frame(brings, b"", np.rint(said).astype("<i2").tobytes() if said.any() else b"")


def foreign(phone: Speakerphone, agent: Sound, caller: Sound) -> list[float]:
    echo = Echo()
    return [echo.foreign(frame, SPEECH) for frame in ticks(phone, agent, caller)]


@pytest.mark.parametrize("delay_ms", [60, 150, 300, 500])
@pytest.mark.parametrize("loss_db", [6, 20])
def test_what_comes_back_is_known_for_the_agents_own(delay_ms: int, loss_db: int, agent: Line) -> None:
    shares = foreign(Speakerphone(delay_ms, loss_db), agent.sound, silence(0))

    assert np.percentile(shares[50:-50], 95) < 0.5


def test_who_speaks_over_the_echo_is_heard(agent: Line, caller: Line) -> None:
    before_ms = 2_000
    shares = foreign(LOUD, agent.sound, np.concatenate([silence(before_ms), caller.sound]))

    over = shares[before_ms // 20 + 5 : (before_ms + len(caller.sound) // 8) // 20]
    assert np.median(over) > FOREIGN


def test_on_a_line_without_echo_nothing_is_taken_for_one(agent: Line, caller: Line) -> None:
    shares = foreign(NO_ECHO, agent.sound, np.concatenate([silence(1_000), caller.sound]))

    assert min(shares[50 + 5 : 50 + len(caller.sound) // FRAME]) > 0.9


def test_when_the_agent_has_long_been_silent_nothing_is_its_own(agent: Line, caller: Line) -> None:
    sound = np.concatenate([agent.sound, silence(2_000)])
    said = np.concatenate([silence(len(agent.sound) // 8 + 900), caller.sound])

    assert set(foreign(LOUD, sound, said)[-50:]) == {1.0}


def conversation(silero: Silero, phone: Speakerphone, guard: Echo | None) -> Conversation:
    return Conversation(Room(phone, "test"), silero.caller(), guard, None)


def test_the_agent_is_stopped_by_its_echo_unless_it_is_guarded(silero: Silero, agent: Line) -> None:
    guarded = conversation(silero, LOUD, Echo())
    heard_out = [guarded.play(agent) for _ in range(3)]
    cut = conversation(silero, LOUD, None).play(agent)

    assert [(each.stopped, each.items) for each in heard_out] == [(False, 0)] * 3
    assert cut.stopped


def test_an_echo_whose_delay_changes_does_not_stop_the_agent(silero: Silero, agent: Line) -> None:
    guarded = conversation(silero, WANDERS, Echo())
    heard_out = [guarded.play(spoken("flite/rms", words)) for words in TOURS]

    assert [(each.stopped, each.items) for each in heard_out] == [(False, 0)] * len(TOURS)


def test_a_caller_stops_a_guarded_agent_over_its_echo(silero: Silero, agent: Line, caller: Line) -> None:
    guarded = conversation(silero, LOUD, Echo())
    guarded.play(agent)
    cut = guarded.play(agent, Interruption(caller, 1_500))

    assert cut.yielded_ms is not None
    assert (cut.stopped, cut.interrupted) == (False, True)


def test_without_echo_a_guard_changes_nothing(silero: Silero, agent: Line, caller: Line) -> None:
    again = spoken("flite/awb", "no, I would rather come on Friday then", -24.0)

    def played(guard: Echo | None) -> list[Outcome]:
        call = conversation(silero, NO_ECHO, guard)
        cuts = [Interruption(said, 1_500) for said in (caller, again)]
        return [call.play(agent, cuts[0]), call.play(agent), call.play(agent, cuts[1])]

    assert played(Echo()) == played(None)


def test_a_canceller_takes_a_straight_echo_out(agent: Line) -> None:
    speex = library()
    assert speex is not None, "install libspeexdsp1, as docker/packages.txt tells"
    room, left, heard = Room(LOUD, "test"), [], []
    with SpeexCanceller(speex) as canceller:
        for at in range(0, len(agent.sound) - FRAME, FRAME):
            said = agent.sound[at : at + FRAME]
            heard.append(room.frame(said, silence(20)))
            left.append(canceller.clean(heard[-1], as_sent(said).astype("<i2").tobytes()))
    powers = [np.mean(np.square(np.frombuffer(b"".join(each[100:]), "<i2").astype(float))) for each in (heard, left)]

    assert 10 * np.log10(powers[0] / powers[1]) > 10


def test_figures_count_what_became_of_the_agents_words() -> None:
    figures = figures_of(
        [
            Outcome(interrupted=False, agent_ms=30_000, pauses=1),
            Outcome(interrupted=False, agent_ms=20_000, pauses=1, stopped=True, items=1),
            Outcome(interrupted=True, agent_ms=5_000, waited_ms=100, yielded_ms=700),
            Outcome(interrupted=True, agent_ms=5_000, waited_ms=300),
            Outcome(interrupted=True, agent_ms=0, stopped=True),
        ]
    )

    assert (figures.utterances, figures.stopped_pct, figures.paused_pct, figures.items) == (2, 50.0, 100.0, 1)
    assert figures.pauses_per_minute == 2.0
    assert (figures.interruptions, figures.missed_pct, figures.waited_p50_ms) == (2, 50.0, 100.0)
