"""Who only listens does not stop an agent that hears with the embedded recogniser: it knows few words, and guesses."""

import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pipeline.audio import FRAME_MS, NARROW_HZ, Frame
from pipeline.flow import Flow
from pipeline.interruption import Overlap, Passage, Verdict
from pipeline.manners import Manners
from pipeline.providers import Transcript
from pipeline.providers.sphinx.domain import domain_of
from pipeline.providers.sphinx.frontend import Regressor
from pipeline.providers.sphinx.recogniser import Recogniser, dictionary_lines
from pipeline.providers.vad import Silero
from pipeline.turn import Edge, Endpointer, SilenceOnly, SpeechBegan, TurnEnded
from tests.drive import speech
from tests.drive.models import model

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "demo.toml"
VOICES = ("slt", "kal16", "rms")
LISTENING = (
    *("uh-huh", "yeah", "okay", "right", "i see", "sure", "got it", "yes", "great", "all right", "oh okay"),
    *("yeah yeah", "of course", "makes sense", "okay great", "perfect", "exactly", "good", "fine", "oh", "cool"),
    *("oh i see", "sounds good", "alright", "yep", "absolutely", "understood"),
)
WANTING = (
    *("wait", "stop", "stop please", "hold on", "no that's wrong", "excuse me", "can i speak to a person", "no no no"),
    *("i want to cancel my booking", "what are your opening hours", "a table for two on saturday", "no", "help"),
    *("sorry can you repeat that", "wait a moment", "tomorrow evening", "what is on the menu"),
)
COUGHS = 30
TELLS = Passage(
    "resp_1", 2_000, "We are open from eleven in the morning", "until ten at night, every day but one.", 6_000
)


class Agent:
    """Speaks all the time; every utterance is the first of a new caller."""

    def __init__(self) -> None:
        flow = tomllib.loads(DIALPLAN.read_text(encoding="utf-8"))["flows"]["reception"]
        phrases = "\n".join(msgspec.convert(flow, Flow).phrases())
        self._recogniser = Recogniser(domain_of(phrases, dictionary_lines()), Regressor.read())
        self._silero = Silero(model("silero_vad.onnx"))

    def hears(self, pcm: bytes) -> Verdict | None:
        """What it takes this sound for in the end; None when it does not even hear it."""
        self._recogniser.new_caller()
        caller, turns, heard = self._silero.caller(), Endpointer(SilenceOnly(500)), list[Frame]()
        overlap: Overlap | None = None
        for nth, frame in enumerate(speech.frames(speech.silence(300) + pcm + speech.silence(1_200)), 1):
            score, now_ms = caller.score(frame), nth * FRAME_MS
            heard.append(frame)
            edge = turns.hear(score, now_ms, FRAME_MS)
            if isinstance(edge, SpeechBegan):
                overlap = self._begun(edge, heard, now_ms)
            elif overlap is not None and self._follow(overlap, edge, frame, now_ms):
                return overlap.verdict
            if overlap is not None:
                overlap.hear(score, now_ms)
                overlap.judge(now_ms)
        return None

    def _begun(self, edge: SpeechBegan, heard: list[Frame], now_ms: int) -> Overlap:
        self._recogniser.begin()
        for frame in heard[-((now_ms - edge.at_ms + 300) // FRAME_MS) :]:
            self._recogniser.feed(frame.narrow)
        voiced_ms = now_ms - edge.at_ms
        return Overlap("item_1", TELLS, Manners(), "en", since_ms=now_ms, now_ms=now_ms, voiced_ms=voiced_ms)

    def _follow(self, overlap: Overlap, edge: Edge | None, frame: Frame, now_ms: int) -> bool:
        """One more frame of the utterance; True when it was the last."""
        final = isinstance(edge, TurnEnded)
        if not final:
            self._recogniser.feed(frame.narrow)
        words = self._recogniser.end() if final else self._recogniser.partial()
        overlap.understand(Transcript(1, words, final, guess=True))
        if final:
            overlap.judge(now_ms, final=True)
        return final


@pytest.fixture(scope="module")
def agent() -> Agent:
    return Agent()


def coughs() -> Iterator[bytes]:
    """Bursts of noise that die away: one, two or three in a row, softer and louder."""
    for seed in range(COUGHS):
        draw = np.random.default_rng(seed)
        burst = partial(_burst, draw)
        gap = np.zeros(80 * NARROW_HZ // 1_000)
        sound = np.concatenate([np.concatenate((burst(80 + 60 * (seed % 3)), gap)) for _ in range(1 + seed % 3)])
        yield speech.over_the_telephone(sound * (3_000 + 700 * (seed % 8)))


def _burst(draw: np.random.Generator, length_ms: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    time_ms = np.arange(length_ms * NARROW_HZ // 1_000) * 1_000 / NARROW_HZ
    return draw.uniform(-1, 1, len(time_ms)) * np.exp(-time_ms * 3 / length_ms)


@pytest.mark.slow
def test_a_listeners_words_let_the_agent_go_on(agent: Agent) -> None:
    said = [(voice, words) for voice in VOICES for words in LISTENING]

    stopped = [each for each in said if agent.hears(speech.narrow(each[1], each[0])) == "interruption"]

    assert len(stopped) <= 0.03 * len(said), stopped


@pytest.mark.slow
def test_who_wants_the_floor_gets_it(agent: Agent) -> None:
    said = [(voice, words) for voice in VOICES for words in WANTING]

    missed = [each for each in said if agent.hears(speech.narrow(each[1], each[0])) != "interruption"]

    assert len(missed) <= 0.05 * len(said), missed


def test_coughs_let_the_agent_go_on(agent: Agent) -> None:
    assert [nth for nth, cough in enumerate(coughs()) if agent.hears(cough) == "interruption"] == []
