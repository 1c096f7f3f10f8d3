"""What a caller means who speaks while the agent does. Rule: words decide, or else the length of the sound.

The agent waits meanwhile, so a verdict comes soon, and in doubt it is that the agent goes on. Words that come late, or
a caller who speaks on, may turn it into an interruption, which is final. A recogniser that knows few words takes every
hum for one of them: what it guesses counts in a longer utterance, or where it is a listener's words or a claim.
"""

from dataclasses import dataclass
from typing import Literal

from pipeline.audio import FRAME_MS
from pipeline.backchannels import backchannel, may_become_backchannel
from pipeline.manners import Manners
from pipeline.providers import Transcript

Verdict = Literal["interruption", "answer", "backchannel", "noise"]
"""The caller wants the floor; answers what the agent has as good as said; listens; makes a sound without words."""

VOICE = 0.35
LEAST_WORD_MS = 160
SPEECH_MS = 400
GUESSED_MS = 680
MORE_SPEECH_MS = 160
LISTENERS_SPEECH_MS = 800
STILL_SPEAKING_MS = 100
SOUND_OVER_MS = 200
NEARLY_OVER_MS = 800
NEAR_WORDS = 3
CLAIMS = frozenset(("stop", "wait", "hold on", "no", "nope", "excuse me", "sorry", "pardon", "help"))
"""What claims the floor however short it is, in the language of the recogniser that guesses."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What the agent is saying: the words heard of it, those to come, and for how long; None while more is made."""

    response_id: str
    heard_ms: int
    heard: str
    ahead: str
    left_ms: int | None

    @property
    def asks(self) -> bool:
        """True when a question ends about here."""
        return "?" in " ".join([*self.heard.split()[-NEAR_WORDS:], *self.ahead.split()[:NEAR_WORDS]])

    @property
    def ends(self) -> bool:
        """True when there is so little left that it may as well be heard."""
        return self.left_ms is not None and self.left_ms <= NEARLY_OVER_MS


class Overlap:
    """One utterance that began while the agent spoke."""

    def __init__(
        self,
        item_id: str,
        passage: Passage,
        manners: Manners,
        language: str | None,
        *,
        since_ms: int,
        now_ms: int,
        voiced_ms: int,
    ) -> None:
        """The agent has waited since then, and `voiced_ms` of the caller have been heard by now."""
        self.item_id = item_id
        self._passage = passage
        self._manners = manners
        self._language = language
        self._due_ms = since_ms + manners.verdict_ms
        self._began_ms = self._voice_at_ms = now_ms
        self._voiced_ms = voiced_ms
        self._enough_ms = SPEECH_MS
        self._guess = False
        self._voiced_then_ms = 0
        self.words = ""
        self.verdict: Verdict | None = None

    @property
    def light(self) -> bool:
        """True unless the caller is known to want the floor or an answer."""
        return self.verdict in (None, "backchannel", "noise")

    @property
    def unanswered(self) -> bool:
        """True when nobody need answer it: not even a sound without words, unless it may have been an answer."""
        return self.light and bool(self.words or not self._passage.ends)

    def took_ms(self, now_ms: int) -> int:
        """How long ago the agent was disturbed."""
        return now_ms - self._began_ms

    def hear(self, score: float, now_ms: int) -> None:
        """One more frame of the utterance."""
        if score >= VOICE:
            self._voiced_ms += FRAME_MS
            self._voice_at_ms = now_ms

    def understand(self, heard: Transcript) -> None:
        """All that the recogniser has understood of the utterance so far."""
        words = heard.text.strip()
        if heard.guess and not self._guess:
            self._guess, self._enough_ms = True, max(self._enough_ms, GUESSED_MS)
        if words and words != self.words:
            self.words, self._voiced_then_ms = words, self._voiced_ms

    def judge(self, now_ms: int, *, final: bool = False) -> Verdict | None:
        """A verdict that has not been given yet, or another than before; `final` when all words are known."""
        found = self._found(now_ms, final=final) if self.verdict != "interruption" else None
        if found is None or found == self.verdict or (found == "noise" and self.verdict is not None):
            return None
        self.verdict = found
        self._enough_ms = max(self._enough_ms, self._voiced_ms + MORE_SPEECH_MS)
        return found

    def _found(self, now_ms: int, *, final: bool) -> Verdict | None:
        silent_ms, late = now_ms - self._voice_at_ms, final or now_ms >= self._due_ms
        over = silent_ms >= SOUND_OVER_MS
        counted = self.words if final or over else self._settled_words
        by_words = self._by_words(counted, final=final)
        objects = by_words == "interruption"
        listens = not objects and (by_words or self._may_be_listening(counted))
        # While the caller speaks, the newest word is a recogniser's guess; the agent is silent, so there is time.
        if objects and late and (final or over or self.verdict is None):
            return "interruption"
        enough_ms = self._voiced_then_ms + LISTENERS_SPEECH_MS if listens else 0
        still = late and not final and silent_ms <= STILL_SPEAKING_MS
        if still and self._voiced_ms >= max(self._enough_ms, enough_ms):
            return "interruption"
        if objects or not (late or (over and (by_words or self._voiced_ms < LEAST_WORD_MS))):
            return None
        return by_words or "noise"

    @property
    def _settled_words(self) -> str:
        """Of a guess those that the caller has spoken on after, unless the newest fits in or is a claim."""
        words = self.words
        plain = not self._guess or _claims(words) or self._may_be_listening(words)
        return words if plain else words.rpartition(" ")[0]

    def _may_be_listening(self, words: str) -> bool:
        """Whether this is a listener's phrase, or the beginning of one."""
        language, more = self._language, self._manners.backchannels
        return backchannel(words, language, more=more) or may_become_backchannel(words, language, more)

    def _by_words(self, words: str, *, final: bool) -> Verdict | None:
        """What the words say; nothing while others may follow, or where too short a sound was taken for some."""
        more, asked = self._manners.backchannels, self._passage.asks
        awaited = final and (asked or self._passage.ends)
        if not words or (self._voiced_ms < LEAST_WORD_MS and not awaited):
            return None
        if self._passage.ends and backchannel(words, self._language, more=more):
            return "answer"
        if backchannel(words, self._language, asked=asked, more=more):
            return "backchannel"
        if not (final or asked) and may_become_backchannel(words, self._language, more):
            return None
        if self._guess and self._voiced_ms < GUESSED_MS and not (asked or awaited or _claims(words)):
            return None
        return "interruption"


def _claims(words: str) -> bool:
    padded = f" {words} "
    return any(f" {claim} " in padded for claim in CLAIMS)
