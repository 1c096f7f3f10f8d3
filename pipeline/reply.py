"""One response in the making: its words, its pieces of speech and its function calls.

Rule: it only grows until `close`, which emits `response.done` exactly once; afterwards nothing of it is emitted.
"""

from msgspec.structs import replace

from pipeline.conversation import Conversation, SpokenPiece, heard_share
from pipeline.providers import FunctionCall, Usage
from pipeline.realtime.events import ResponseCreated, ResponseDone
from pipeline.realtime.items import (
    FunctionCallItem,
    InputTokens,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    OutputTokens,
    ResponseObject,
    ResponseStatus,
    Status,
    StatusDetails,
    UsageObject,
)
from pipeline.sentences import SentenceCutter
from pipeline.signals import Ids, Output
from pipeline.wire_order import WireOrder


class Reply:
    """A response; `audio` says whether its words are spoken or written."""

    def __init__(self, ids: Ids, conversation: Conversation, *, audio: bool, conversation_id: str) -> None:
        self._ids = ids
        self._conversation = conversation
        self._conversation_id = conversation_id
        self._cutter = SentenceCutter()
        self._text = ""
        self._index = 0
        self._previous: str | None = None
        self._outputs: list[Item] = []
        self._usage: UsageObject | None = None
        self.audio = audio
        self.id = ids("resp")
        self._wire = WireOrder(ids, self.id, audio=audio)
        self.item_id: str | None = None
        self.pieces: list[SpokenPiece] = []
        self.asked = False
        self.greets = False
        self.model_done = False
        self.details: StatusDetails | None = None

    @property
    def made(self) -> bool:
        """True when the model is done and all of its words have been turned into audio."""
        return self.model_done and all(piece.done for piece in self.pieces)

    @property
    def empty(self) -> bool:
        """True while nobody could make anything of it: it has no words and calls nothing."""
        return not self.calls and not (self._speakable if self.audio else self._text.strip())

    @property
    def mute(self) -> bool:
        """True when it has words to be spoken and no audio was made of any."""
        return self.audio and self._speakable and not any(piece.audio_ms for piece in self.pieces)

    @property
    def _speakable(self) -> bool:
        return any(letter.isalnum() for letter in self._text)

    @property
    def calls(self) -> bool:
        """True when it calls a function."""
        return any(isinstance(item, FunctionCallItem) for item in self._outputs)

    @property
    def failed(self) -> bool:
        """True when a provider broke while it was made."""
        return self.details is not None and self.details.type == "failed"

    def begin(self) -> list[Output]:
        """Announce the response."""
        return [ResponseCreated(event_id=self._ids("event"), response=self._as_object("in_progress"))]

    def grow(self, text: str) -> tuple[list[Output], list[str]]:
        """More words: their events, and the pieces that can be spoken now."""
        out: list[Output] = []
        if self.item_id is None:
            item = MessageItem(id=self._ids("item"), role="assistant", status="in_progress")
            self.item_id = item.id
            self._index = len(self._outputs)
            self._outputs.append(item)
            self._previous = self._conversation.append(item)
            out = self._wire.message_begins(item, self._index, self._previous)
        self._text += text
        out.append(self._wire.words(self.item_id, self._index, text))
        return out, self._taken(self._cutter.feed(text)) if self.audio else []

    def end_of_text(self) -> list[str]:
        """The model will say no more: the last pieces to speak."""
        self.model_done = True
        return self._taken(self._cutter.finish()) if self.audio else []

    def settle(self) -> None:
        """Whatever of its speech is under way will not be finished: each piece keeps the words that were made."""
        self._taken(self._cutter.finish())
        for piece in self.pieces:
            if not piece.done:
                piece.text = heard_share(piece, piece.audio_ms)
                piece.done = True

    def call(self, call: FunctionCall) -> list[Output]:
        """The model calls a function."""
        item = FunctionCallItem(id=self._ids("item"), call_id=call.call_id, name=call.name, arguments=call.arguments)
        self._outputs.append(item)
        previous = self._conversation.append(item)
        return self._wire.function_call(item, len(self._outputs) - 1, previous)

    def count(self, usage: Usage) -> None:
        """Take the model's count of tokens."""
        self._usage = UsageObject(
            total_tokens=usage.input_tokens + usage.output_tokens,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            input_token_details=InputTokens(text_tokens=usage.input_tokens, cached_tokens=usage.cached_tokens),
            output_token_details=OutputTokens(text_tokens=usage.output_tokens),
        )

    def close(self, details: StatusDetails | None) -> list[Output]:
        """Close the open item and the response; `details` None means completed."""
        out = self._message_ends("incomplete" if details else "completed") if self.item_id else []
        done = self._as_object(details.type if details else "completed", details)
        return [*out, ResponseDone(event_id=self._ids("event"), response=done)]

    def _taken(self, texts: list[str]) -> list[str]:
        self.pieces += [SpokenPiece(text) for text in texts]
        return texts

    def _message_ends(self, status: Status) -> list[Output]:
        assert self.item_id is not None
        content = OutputAudio(self._text) if self.audio else OutputText(self._text)
        item = MessageItem(id=self.item_id, role="assistant", content=(content,), status=status)
        self._outputs[self._index] = item
        self._conversation.put(self._as_spoken(item))
        return self._wire.message_ends(item, self._index, self._previous, self._text)

    def _as_spoken(self, item: MessageItem) -> MessageItem:
        """What the conversation keeps of a failed reply: the words that were made, not those that were lost."""
        if not (self.audio and self.failed):
            return item
        return replace(item, content=(OutputAudio("".join(piece.text for piece in self.pieces).strip()),))

    def _as_object(self, status: ResponseStatus, details: StatusDetails | None = None) -> ResponseObject:
        return ResponseObject(
            id=self.id,
            status=status,
            output=tuple(self._outputs),
            status_details=details,
            usage=self._usage,
            conversation_id=self._conversation_id,
            output_modalities=("audio",) if self.audio else ("text",),
        )
