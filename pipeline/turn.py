"""Endpointing: speech scores and what is known of a pause -> where a caller's turn begins and ends.

Rule: it never decides who may speak. Scores find speech and silence; a `TurnDetector` says for how long a silence must
last, and is asked again whenever something is learnt: words that come late, how the caller sounded, a vendor's verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

ONSET_MS = 60
RELEASE = 0.15
LEAST_RELEASE = 0.01
PAUSE_MS = 100
SOUND_AFTER_MS = 140
JUDGED_WITHIN_MS = 40
WORTH_ASKING_MS = 50
WORDS_MARGIN_MS = 40
LATEST_WORDS_MS = 500
FIRST_WORDS_MS = 300
LATENESS_FADES = 0.9

Verdict = Literal["maybe_over", "goes_on", "over"]
Why = Literal["silence", "words", "sound", "vendor", "entity", "by_hand"]


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known of a caller who has fallen silent, `silence_ms` ago.

    `words` are those of the whole utterance so far, empty when none are known, and often wrong if `doubtful`. `sound`
    is the probability that who sounds like this has finished. `filled` is how likely all of what the agent waits for
    (digits, a spelling ...) is there, 0 to 1; None when it waits for nothing of the kind, or none of that was said.
    Until `words_due_ms` of silence more words may come of what was said before it: this recogniser has been so late
    before.
    """

    silence_ms: int
    speech_ms: int
    words: str = ""
    sound: float | None = None
    verdict: Verdict | None = None
    filled: float | None = None
    words_due_ms: int = 0
    doubtful: bool = False


class TurnDetector(Protocol):
    """Tells a finished turn from a pause."""

    def wait_ms(self, pause: Pause) -> int:
        """How long the silence must last, counted from the end of speech, given what is known now."""
        ...


@dataclass(frozen=True, slots=True)
class SilenceOnly:
    """Realtime's `server_vad`: so much silence ends a turn, whatever was said."""

    silence_ms: int

    def wait_ms(self, pause: Pause) -> int:
        """The same for every pause."""
        return self.silence_ms


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks; `at_ms` is where the speech itself began."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller finished: speech ended at `speech_end_ms`, which was known at `at_ms`, and `why`.

    `words` and `sound` are what was known of them by then.
    """

    at_ms: int
    speech_end_ms: int
    speech_ms: int
    why: Why = "silence"
    words: str = ""
    sound: float | None = None


@dataclass(frozen=True, slots=True)
class SoundWanted:
    """How the caller sounded would tell whether this pause, by its number, ends the turn.

    `late_ms` is for how long longer the caller has been silent by now than a judge needs to hear.
    """

    pause: int
    late_ms: int = 0


Edge = SpeechBegan | TurnEnded | SoundWanted
Filled = Callable[[str], float | None]
"""How likely all that the agent waits for is there with these words; None when it waits for nothing, or has nothing."""


def nothing_awaited(words: str) -> float | None:
    """The agent waits for nothing in particular."""
    return None


class Endpointer:
    """Follows one caller. Speech shorter than ONSET_MS is a false start; a release margin keeps it from flickering."""

    def __init__(
        self, detector: TurnDetector, threshold: float = 0.5, line_delay_ms: int = 0, filled: Filled = nothing_awaited
    ) -> None:
        """`line_delay_ms` is how old caller audio is when it arrives: its silence has lasted that much longer."""
        self._detector, self._threshold = detector, threshold
        self._line_delay_ms = line_delay_ms
        self._filled = filled
        self.speaking = False
        self._began_ms = 0
        self._voiced_ms = 0
        self._last_voice_ms = 0
        self._words = ""
        self._doubtful = False
        # How late words are is learnt from the first that come; for a recogniser that gives none nobody waits again.
        self._words_due_ms = FIRST_WORDS_MS
        self._words_expected = False
        self._silence_ms = 0
        self._pauses = 0
        self._asked = False
        self._sound: float | None = None
        self._verdict: Verdict | None = None
        self._known: Pause | None = None
        self._weighed: Pause | None = None
        self._wait_ms = 0

    def change(self, detector: TurnDetector, threshold: float) -> None:
        """Take new settings from the next frame on; an open utterance stays open."""
        self._detector, self._threshold = detector, threshold
        self._known = None

    def hear(self, score: float, end_ms: int, frame_ms: int) -> Edge | None:
        """One frame that ends at `end_ms` of caller audio."""
        if self.speaking:
            return self._in_speech(score, end_ms, frame_ms)
        if score < self._threshold:
            self._voiced_ms = 0
            return None
        if not self._voiced_ms:
            self._began_ms = end_ms - frame_ms
        self._voiced_ms += frame_ms
        self._last_voice_ms = end_ms
        if self._voiced_ms < ONSET_MS:
            return None
        self.speaking = True
        self._words = ""
        return SpeechBegan(self._began_ms)

    def heard(self, words: str, *, doubtful: bool = False) -> None:
        """What the recogniser has understood of the open utterance so far."""
        if _letters(words) != _letters(self._words):
            before_ms = self._words_due_ms if self._words_expected else 0
            self._words_due_ms = min(max(self._silence_ms, before_ms), LATEST_WORDS_MS)
            self._words_expected = True
        self._words, self._doubtful = words, doubtful
        self._known = None

    def judged(self, verdict: Verdict) -> None:
        """A recogniser that judges turns itself says so of the open utterance."""
        self._verdict = verdict
        self._known = None

    def sounded(self, pause: int, finished: float) -> None:
        """The answer to `SoundWanted`; for a pause that is over it comes too late."""
        if pause == self._pauses:
            self._sound = finished
            self._known = None

    def look_again(self) -> None:
        """What the agent waits for, or how much of it is there, may have changed."""
        self._known = None

    def left_ms(self, at_ms: int, *, words_may_come: bool = False) -> int | None:
        """How much more silence ends the open turn, as far as is known now.

        None before there was PAUSE_MS of it, and, unless told so, while words may come that were said before it.
        """
        silence_ms = at_ms + self._line_delay_ms - self._last_voice_ms
        if silence_ms < (PAUSE_MS if words_may_come else max(PAUSE_MS, self._words_due_ms)):
            return None
        return self._asked_again(silence_ms)[1] - silence_ms

    def stop(self, at_ms: int) -> TurnEnded | None:
        """End an open utterance here."""
        return self._ended(at_ms, "by_hand") if self.speaking else None

    def _in_speech(self, score: float, end_ms: int, frame_ms: int) -> Edge | None:
        if score >= max(self._threshold - RELEASE, LEAST_RELEASE):
            if self._last_voice_ms != end_ms - frame_ms:
                self._forget_pause()
            self._verdict = None
            self._last_voice_ms = end_ms
            self._voiced_ms += frame_ms
            return None
        self._silence_ms = silence_ms = end_ms + self._line_delay_ms - self._last_voice_ms
        pause, wait_ms = self._asked_again(silence_ms)
        if silence_ms >= wait_ms:
            return self._ended(end_ms, grounds(self._detector, pause))
        # While words may come, they may leave nothing open; the tables are asked again only when something is new.
        words_ms = self._words_due_ms + WORDS_MARGIN_MS if self._words_expected and self._words_due_ms else 0
        due_ms = max(SOUND_AFTER_MS, words_ms)
        if self._asked or pause is self._weighed or silence_ms < due_ms:
            return None
        self._weighed = pause
        self._asked = wait_ms - silence_ms > JUDGED_WITHIN_MS and self._sound_matters(pause)
        late_ms = max(0, end_ms - self._last_voice_ms - SOUND_AFTER_MS)
        return SoundWanted(self._pauses, late_ms) if self._asked else None

    def _asked_again(self, silence_ms: int) -> tuple[Pause, int]:
        """What is known of the pause and how long it may last; the detector is asked only when something is new."""
        if self._known is None:
            words, filled = self._words, self._filled(self._words)
            self._known = Pause(
                silence_ms,
                self._voiced_ms,
                words,
                self._sound,
                self._verdict,
                filled,
                self._words_due_ms,
                self._doubtful,
            )
            self._wait_ms = self._detector.wait_ms(self._known)
        return self._known, self._wait_ms

    def _sound_matters(self, pause: Pause) -> bool:
        waits_ms = [self._detector.wait_ms(replace(pause, sound=sound)) for sound in (0.0, 1.0)]
        return abs(waits_ms[0] - waits_ms[1]) >= WORTH_ASKING_MS

    def _forget_pause(self) -> None:
        self._pauses += 1
        if self._silence_ms > self._words_due_ms:
            self._words_due_ms = int(LATENESS_FADES * self._words_due_ms)
        self._silence_ms = 0
        self._asked = False
        self._sound = self._verdict = self._known = self._weighed = None

    def _ended(self, at_ms: int, why: Why) -> TurnEnded:
        ended = TurnEnded(at_ms, self._last_voice_ms, self._voiced_ms, why, self._words, self._sound)
        self.speaking = False
        self._voiced_ms = 0
        self._forget_pause()
        if not self._words_expected:
            self._words_due_ms = 0
        return ended


def grounds(detector: TurnDetector, pause: Pause) -> Why:
    """What ended the turn: that without which the caller would have been given most time, or silence alone."""
    without: dict[Why, Pause] = {
        "vendor": replace(pause, verdict=None),
        "entity": replace(pause, filled=None if pause.filled is None else 0.0),
        "words": replace(pause, words=""),
        "sound": replace(pause, sound=None),
    }
    waits_ms = {why: detector.wait_ms(less) for why, less in without.items()}
    why = max(waits_ms, key=lambda each: waits_ms[each])
    return why if waits_ms[why] > detector.wait_ms(pause) else "silence"


def _letters(words: str) -> str:
    """What is left when a recogniser changes its mind about commas and capitals."""
    return "".join(letter for letter in words if letter.isalnum()).casefold()
