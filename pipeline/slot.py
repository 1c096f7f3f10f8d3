"""What the agent waits for, and how much of it the caller has given, in whatever way. Rule: words and keys count alike.

A number may come in pieces: half of it in one utterance, the rest in the next or on the keypad. What was given since
the agent last spoke belongs together.
"""

from pipeline.conversation import Conversation, turns_of
from pipeline.entities import THERE, Awaited, awaited, filled
from pipeline.keypad import Keypad, keys_in
from pipeline.providers import Message
from pipeline.realtime.config import SessionConfig


class Slot:
    """Looks at what was said and pressed; which tools there are tells what may be waited for."""

    def __init__(self, conversation: Conversation, keypad: Keypad) -> None:
        self._conversation = conversation
        self._keypad = keypad
        self._question = ""
        self._wanted: Awaited | None = None

    def configure(self, config: SessionConfig) -> None:
        """Take the tools and the language of a session."""
        transcription = config.audio.input.transcription
        self._tools, self._language = config.tools, transcription.language if transcription else None
        self._question, self._wanted = "", None

    def full(self, words: str) -> bool:
        """Whether no key can be wanted any more, with these words; of a count or a time nobody knows how many are."""
        there = self.filled(words) == THERE
        return there and not (self._wanted is not None and self._wanted.kind in ("count", "time"))

    def filled(self, words: str) -> float | None:
        """How likely all is there with these words of the open utterance; None when nothing is begun."""
        question, given = self._since_the_agent_spoke()
        if question != self._question:
            self._question, self._wanted = question, awaited(question, self._tools, self._language)
        return filled(" ".join((*given, *self._keypad.keys, words)), self._wanted, self._language)

    def _since_the_agent_spoke(self) -> tuple[str, list[str]]:
        given: list[str] = []
        for item in reversed(self._conversation):
            for turn in turns_of([item]):
                match turn:
                    case Message("assistant", text):
                        return text, given[::-1]
                    case Message("user", text):
                        given.append(keys_in(text) or text)
        return "", given[::-1]
