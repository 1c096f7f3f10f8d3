"""What the model may be asked before the caller's turn is decided. Rule: it says what would be asked, no more.

A caller who pauses, whose words so far may be all of them, and whose turn would end soon, is answered in advance by a
model whose answer nobody hears: it becomes a response when the turn has ended with these words, or is dropped.
"""

from typing import Final

from pipeline.answering import Answering
from pipeline.conversation import Conversation
from pipeline.listening import Listening
from pipeline.prompts import plain_words
from pipeline.providers import Transcript
from pipeline.signals import DropForeseen, Foresee, Input, Output, Setting
from pipeline.terms import NOTHING_SPECIAL, Terms
from pipeline.turn_words import finished

LEAD_MS: Final = 500
STEADY_MS: Final = 60
LEAST_FINISHED: Final = 0.3
SURELY_FINISHED: Final = 0.8
"""Words as complete as this need not settle first, nor need those that may still come be waited for."""


class Foresight:
    """At most one answer is foreseen at a time, and none twice for the same words of an utterance."""

    def __init__(
        self, conversation: Conversation, listening: Listening, answering: Answering, setting: Setting
    ) -> None:
        self._conversation = conversation
        self._listening = listening
        self._answering = answering
        self._most_wasted = setting.manners.speculation
        self._utterance = 0
        self._text = ""
        self._words: tuple[str, ...] = ()
        self._since_ms = 0
        self._foreseen: tuple[str, ...] = ()
        self._standing = False

    def follow(self, happened: Input) -> list[Output]:
        """After each input: what is to be asked in advance now, or not any more."""
        if isinstance(happened, Transcript) and not happened.final:
            self._hear(happened)
        item_id = self._item_id() if self._words else ""
        wanted = bool(item_id) and self._agent_is_to_answer()
        if self._standing:
            return [] if wanted and self._words == self._foreseen else self.withdraw()
        if not (wanted and self._most_wasted and self._words != self._foreseen and self._is_likely()):
            return []
        self._foreseen, self._standing = self._words, True
        terms = Terms(self._answering.config)
        supposed = self._conversation.supposing(item_id, self._text)
        prompt = terms.prompt(supposed, self._answering.calling.offered(terms.tools, to_caller=True))
        return [Foresee(prompt, self._most_wasted)]

    def withdraw(self) -> list[Output]:
        """Nothing is foreseen any more."""
        standing, self._standing = self._standing, False
        return [DropForeseen()] if standing else []

    def _hear(self, partial: Transcript) -> None:
        words = plain_words(partial.text)
        if (partial.utterance, words) == (self._utterance, self._words):
            return
        if partial.utterance != self._utterance:
            self._foreseen = ()
        self._utterance, self._text, self._words = partial.utterance, partial.text.strip(), words
        self._since_ms = self._listening.now_ms

    def _item_id(self) -> str:
        """The item that has, or will have, these words, if nothing else that the caller says is open or waits."""
        if not self._listening.speaking:
            return self._listening.awaiting.sole_item(self._utterance)
        return "" if self._listening.waiting else self._listening.item_of(self._utterance)

    def _agent_is_to_answer(self) -> bool:
        """Whether the caller's words alone will be what the model is asked about, as soon as they are final."""
        answering = self._answering
        reply = answering.speaking.reply
        waits = answering.speaking.idle if reply is None else not reply.asked and reply.terms.wish is NOTHING_SPECIAL
        claimed = answering.promised or answering.declined or answering.calling.pending or self._listening.pressing
        return waits and answering.unprompted and not claimed and not answering.farewell.silences

    def _is_likely(self) -> bool:
        """Whether the words have settled and may be all of them, and the turn has ended or soon will."""
        turns, at_ms = self._listening.turns, self._listening.audio_ms
        soon_ms, left_ms = turns.left_ms(at_ms, words_may_come=True), turns.left_ms(at_ms)
        if soon_ms is None or soon_ms > LEAD_MS:
            return False
        settled = left_ms is not None and self._listening.now_ms - self._since_ms >= STEADY_MS
        if settled and not left_ms:
            return True
        heard = self._answering.config.audio.input.transcription
        likely = finished(self._text, heard.language if heard else None)
        return likely >= (LEAST_FINISHED if settled else SURELY_FINISHED)
