"""What the callers of a bench say. Rule: both processes know it, so that a simulated recogniser can give its words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ
from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.marked_speech import joined, marked
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
MORE_TURNS = (
    Line(15, "rms", "Do you deliver on Sundays as well?"),
    Line(16, "slt", "I need to change my booking from Friday to Saturday."),
    Line(17, "kal16", "No, thank you, that was all."),
    Line(18, "rms", "Can somebody call me back this afternoon?"),
    Line(19, "slt", "My parcel was sent to the wrong house."),
    Line(20, "kal16", "Is there a table outside?"),
)
HESITATIONS = (
    (Line(21, "slt", "I would like to book a table for"), 700, Line(22, "slt", "six people on Saturday.")),
    (Line(23, "kal16", "I was thinking about the"), 800, Line(24, "kal16", "offer that you sent me.")),
    (Line(25, "rms", "Could you tell me whether"), 600, Line(26, "rms", "you are open on Sunday?")),
)
"""Callers who have not finished: what they say first, for how many ms they think, and how they go on."""
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
LINES = (
    *(*TURNS, *MORE_TURNS, *INTERRUPTIONS, *BACKCHANNELS),
    *(half for first, _, second in HESITATIONS for half in (first, second)),
)
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
    """The lines, marked or as they are, and noises that nobody says: a cough, a knock, a breath.

    Only a recogniser that hears the marks makes it worth while to hesitate.
    """
    turns, interruptions, backchannels = (
        tuple(marked(line.number, speeches[line.number]) if marks else speeches[line.number] for line in lines)
        for lines in ((*TURNS, *MORE_TURNS) if marks else TURNS, INTERRUPTIONS, BACKCHANNELS)
    )
    if marks:
        turns += tuple(
            joined(*(marked(half.number, speeches[half.number]) for half in (first, second)), pause_ms=pause_ms)
            for first, pause_ms, second in HESITATIONS
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
