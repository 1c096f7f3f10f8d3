"""Who answered a call of ours: a person, a voicemail, a screening service or a fax. Rule: pure; unsure means a person.

A voicemail says what it is, or talks long, beeps, and waits; what a person may say in passing is no proof. Beeps and
fax tones (ITU-T T.30: 2100 Hz from who answers, 1100 Hz from who calls) are single tones. Time is audio since the
answer.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, bytes_of

Answerer = Literal["human", "voicemail", "screening", "fax"]
Why = Literal["greeting", "words", "tone", "beep", "silence", "unsure"]

_UNSURE_MS: Final = 30_000
_WORDS_MS: Final = 25_000
_SHORT_MS: Final = 2_200  # a person says "hello" and waits
_WAITS_MS: Final = 800
_LONG_MS: Final = 1_500  # a beep that follows less was not a voicemail's
_AFTER_BEEP_MS: Final = 2_000  # a person near a beep would speak on
_NO_BEEP_MS: Final = 2_500
_BEEP_MS: Final = range(140, 2_500)
_BEEP_HZ: Final = range(400, 2_600)
_BEEP_OVER_MS: Final = 100
_SPEAKS_MS: Final = 80  # a tone's last frame is a tone no more, and no speech either
_CED_HZ, _CED_MS = 2_100, 1_200
_CNG_HZ, _CNG_MS, _CNG_PAUSE_MS = 1_100, range(380, 720), range(2_000, 4_000)
_SAME_HZ: Final = 30

_VOICEMAIL: Final = re.compile(
    r"(after|at|wait for) the (\w+ )?(beep|tone|signal)"
    r"|\b(leave|record) (me |us )?(a |your )(\w+ )?(message|name and number)"
    r"|(reached|forwarded to|this is) (the )?(an? )?(\w+ ){0,4}(voice ?mail|mailbox|answering machine)"
    r"|nach dem (signal|piep|ton)|(mailbox|anrufbeantworter) von|hinterlassen sie|sprechen sie .*nach dem"
    r"|despu[eé]s de (la se[nñ]al|o[ií]r)|deje (su|un) mensaje|buz[oó]n de voz"
    r"|apr[eè]s le (bip|signal)|laisse[zr] (moi |nous )?(un|votre) message|messagerie (vocale )?de"
    r"|sur (le|son|mon) r[eé]pondeur"
)
_SCREENING: Final = re.compile(
    r"screening (service|this call)|call (assist|screening)|(say|state|record) your name and (the |your )?(why|reason)"
    r"|see if (this|the) person is available|(sagen|nennen) sie (bitte )?ihren namen und (den grund|warum)"
    r"|diga su nombre y (el motivo|por qu)|dites votre nom et (le motif|la raison|pourquoi)"
)
_ASKED_BY_A_PERSON: Final = re.compile(
    r"\b(can|could|may|shall|should|do|did|would|want|will) (i|you|me|they|he|she)\b|\?"
)

_SAMPLES: Final = bytes_of(FRAME_MS, NARROW_HZ) // SAMPLE_BYTES
_BINS: Final = 1_024
_LOUD: Final = 200.0**2  # mean square; some -44 dBFS
_PURE: Final = 0.9  # share of the power that the one tone has
_WINDOW: Final = np.hanning(_SAMPLES + 2)[1:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Found:
    """Who answered, and why that is held to be so. A voicemail that is `ready` records from now on."""

    who: Answerer
    why: Why
    at_ms: int
    ready: bool = False


class AnsweredBy:
    """Listens to the far end of one call, from its answer on."""

    def __init__(self) -> None:
        self._now_ms = 0
        self._who: Answerer | None = None
        self._over = False
        self._talked_ms = 0
        self._talks_ms = 0  # without a pause or a tone
        self._quiet_ms = 0
        self._tone_hz = 0.0
        self._tone_ms = 0
        self._beep_hz = 0.0  # of a tone that has just stopped
        self._beeped = False
        self._call_tone_ms = -1  # when a fax that calls was heard last

    def hear(self, narrow: bytes) -> Found | None:
        """One frame, PCM16 at 8 kHz; what is known with it that was not known before."""
        if self._over:
            return None
        self._now_ms += FRAME_MS
        sound = np.frombuffer(narrow, "<i2").astype(np.float32)
        loud = float(sound.dot(sound)) >= _LOUD * _SAMPLES
        tone_hz = _pure_tone_hz(sound) if loud else None
        fax = self._toned(tone_hz)
        self._talks_ms = self._talks_ms + FRAME_MS if loud and tone_hz is None else 0
        if self._talks_ms:
            self._talked_ms += FRAME_MS
        if self._talks_ms >= _SPEAKS_MS:
            self._beep_hz, self._beeped = 0.0, False
        self._quiet_ms = 0 if loud else self._quiet_ms + FRAME_MS
        if self._beep_hz and self._quiet_ms >= _BEEP_OVER_MS:
            self._beep_hz, self._beeped = 0.0, True
        return self._found("fax", "tone") if fax else self._settled()

    def understand(self, text: str) -> Found | None:
        """What the far end has said, all of an utterance so far."""
        words = re.sub(r"[^\w\s?]", " ", text.lower())
        words = re.sub(r"\s+", " ", words)
        if self._over or self._now_ms > _WORDS_MS or self._who == "voicemail":
            return None
        if _SCREENING.search(words):
            return self._found("screening", "words") if self._who != "screening" else None
        if _VOICEMAIL.search(words) and not _ASKED_BY_A_PERSON.search(words):
            return self._found("voicemail", "words")
        return None

    def _settled(self) -> Found | None:
        """What sound and silence tell by now."""
        if self._who == "voicemail":
            if self._beeped:
                return self._found("voicemail", "beep", ready=True)
            return self._found("voicemail", "silence", ready=True) if self._quiet_ms >= _NO_BEEP_MS else None
        if self._who is None and self._beeped and self._talked_ms >= _LONG_MS:
            waited = self._quiet_ms >= _AFTER_BEEP_MS
            return self._found("voicemail", "beep", ready=True) if waited else None
        if self._who is None and 0 < self._talked_ms <= _SHORT_MS and self._quiet_ms >= _WAITS_MS:
            return self._found("human", "greeting")
        if self._who is None and self._now_ms >= _UNSURE_MS:
            return self._found("human", "unsure")
        self._over = self._now_ms > _UNSURE_MS
        return None

    def _toned(self, hz: float | None) -> bool:
        """Follow a single tone from its first to its last frame; whether it is a fax machine's."""
        if hz is not None and self._tone_ms and abs(hz - self._tone_hz) < _SAME_HZ:
            self._tone_ms += FRAME_MS
            return abs(self._tone_hz - _CED_HZ) < _SAME_HZ and self._tone_ms >= _CED_MS
        was_hz, was_ms = self._tone_hz, self._tone_ms
        self._tone_hz, self._tone_ms = hz or 0.0, FRAME_MS if hz is not None else 0
        if was_ms in _BEEP_MS and round(was_hz) in _BEEP_HZ:
            self._beep_hz = was_hz
        if was_ms not in _CNG_MS or abs(was_hz - _CNG_HZ) >= _SAME_HZ:
            return False
        before, self._call_tone_ms = self._call_tone_ms, self._now_ms
        return before >= 0 and self._now_ms - before in _CNG_PAUSE_MS

    def _found(self, who: Answerer, why: Why, *, ready: bool = False) -> Found:
        self._who, self._over = who, ready or who == "fax"
        return Found(who, why, self._now_ms, ready)


def _pure_tone_hz(sound: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float | None:
    """The frequency of a frame that is one tone and little else."""
    windowed = sound * _WINDOW
    spectrum = np.abs(np.fft.rfft(windowed, _BINS)) ** 2
    peak = int(np.argmax(spectrum))
    tone = 2 * float(spectrum[peak]) / float(_WINDOW.sum()) ** 2
    power = float(windowed.dot(windowed)) / float(_WINDOW.dot(_WINDOW))
    return peak * NARROW_HZ / _BINS if tone >= _PURE * power else None
