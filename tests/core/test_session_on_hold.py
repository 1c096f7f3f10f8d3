"""The call is put on hold while the caller, the agent or nobody speaks."""

from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig
from pipeline.realtime.events import ItemTruncated, TimeoutTriggered
from pipeline.signals import EndCall, FillSilence, FlushPlayout, Greet, Hold, HoldChanged, StartReply
from tests.drive.story import Story, sound

IMPATIENT = SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(idle_timeout_ms=5_000))))
ON, OFF = "[The call is on hold. Nobody hears you.]", "[The call is no longer on hold.]"


def test_nobody_is_asked_whether_they_are_still_there() -> None:
    call = Story(IMPATIENT)
    call.take()
    call.tell(HoldChanged(True))
    call.passes(60_000)

    assert call.take(TimeoutTriggered, StartReply, EndCall) == []


def test_patience_begins_anew_after_hold() -> None:
    call = Story(IMPATIENT)
    call.tell(HoldChanged(True))
    call.passes(60_000)
    call.tell(HoldChanged(False))
    call.take()
    call.passes(4_900)
    early = call.take(TimeoutTriggered)
    call.passes(200)

    assert (early, len(call.take(TimeoutTriggered))) == ([], 1)


def test_music_is_no_speech() -> None:
    call = Story()
    call.tell(HoldChanged(True))
    call.take()
    call.caller_speaks(5_000)

    assert call.take() == []


def test_an_agent_that_was_cut_goes_on_after_hold_and_knows_why() -> None:
    call = Story()
    call.tell(Greet())
    call.agent_says("Welcome to the house of a thousand tea pots.", ms=3_000)
    call.passes(1_000)
    call.tell(HoldChanged(True))
    cut = call.take(FlushPlayout, ItemTruncated)
    call.passes(2_000)
    asked_on_hold = call.take(StartReply)
    call.tell(HoldChanged(False))
    asked_after = call.take(StartReply)

    assert (len(cut), asked_on_hold, len(asked_after)) == (2, [], 1)
    assert [text for role, text in call.said_so_far() if role == "system"] == [ON, OFF]


def test_an_answer_that_was_due_is_given_after_hold() -> None:
    call = Story()
    call.caller_speaks(600)
    call.tell(HoldChanged(True))
    call.recogniser_hears("when do you open")
    on_hold = call.take(StartReply)
    call.tell(HoldChanged(False))

    assert (on_hold, len(call.take(StartReply))) == ([], 1)
    assert ("user", "when do you open") in call.said_so_far()


def test_nothing_fills_the_silence_on_hold() -> None:
    call = Story(hold=Hold(sound(500), 1_000))
    call.caller_says("when do you open")
    call.tell(HoldChanged(True))
    call.passes(5_000)

    assert call.take(FillSilence) == []


def test_a_silent_agent_stays_silent_after_hold() -> None:
    call = Story()
    call.tell(HoldChanged(True))
    call.tell(HoldChanged(False))
    call.passes(2_000)

    assert call.take(StartReply) == []
