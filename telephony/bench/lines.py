"""What the callers of a bench say. Rule: both processes know it, so that a simulated recogniser can give its words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ
from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.marked_speech import marked
from telephony.wire.speech import Speech, speech_of
from telephony.wire.voice import spoken_by


@dataclass(frozen=True, slots=True)
class Line:
    """Something callers say: its number, which of the embedded voices speaks it, the words."""

    number: int
    speaker: str
    text: str


TURNS = (
    Line(0, "slt", "I would like to book a table for four."),
    Line(1, "kal16", "What time do you open tomorrow morning?"),
    Line(2, "slt", "Could you tell me more about the menu?"),
    Line(3, "kal16", "Yes, that is right."),
    Line(4, "slt", "Please send it to my office in town."),
    Line(5, "kal16", "How long does the delivery take?"),
)
INTERRUPTIONS = (
    Line(6, "slt", "Wait, I need a table for six."),
    Line(7, "kal16", "No, that is not what I meant."),
    Line(8, "rms", "Stop, please."),
    Line(9, "slt", "Sorry, can I ask something else?"),
)
BACKCHANNELS = (
    Line(10, "slt", "Uh huh."),
    Line(11, "kal16", "Okay."),
    Line(12, "rms", "Right."),
    Line(13, "slt", "Yeah."),
    Line(14, "kal16", "Mm hmm."),
)
LINES = (*TURNS, *INTERRUPTIONS, *BACKCHANNELS)
NOISE_PEAK = 5_000


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Everything as it goes out, by what it is for."""

    turns: tuple[Speech, ...]
    interruptions: tuple[Speech, ...]
    backchannels: tuple[Speech, ...]
    noises: tuple[Speech, ...]


Speeches = dict[int, Speech]


async def spoken_lines(voice: EmbeddedVoice) -> Speeches:
    """Every line by its number."""
    return {line.number: await spoken_by(voice, line.speaker, line.text) for line in LINES}


def repertoire(speeches: Speeches, *, marks: bool) -> Repertoire:
    """The lines, marked or as they are, and noises that nobody says: a cough, a knock, a breath."""
    turns, interruptions, backchannels = (
        tuple(marked(line.number, speeches[line.number]) if marks else speeches[line.number] for line in lines)
        for lines in (TURNS, INTERRUPTIONS, BACKCHANNELS)
    )
    cough = np.concatenate((_burst(1, 150, 40), np.zeros(NARROW_HZ // 10), _burst(2, 180, 50)))
    noises = tuple(speech_of(_pcm(noise)) for noise in (cough, _burst(3, 80, 10), 0.4 * _burst(4, 450, 250)))
    return Repertoire(turns, interruptions, backchannels, noises)


def _burst(seed: int, length_ms: int, decay_ms: float) -> NDArray[np.float64]:
    """Noise that begins at once and dies away."""
    time_ms = np.arange(NARROW_HZ * length_ms // 1_000) * 1_000 / NARROW_HZ
    return np.random.default_rng(seed).uniform(-1, 1, len(time_ms)) * np.exp(-time_ms / decay_ms)


def _pcm(noise: NDArray[np.float64]) -> bytes:
    return bytes((NOISE_PEAK * noise).astype("<i2"))
