"""One response in the making: its words, its pieces of speech, its function calls, and its events in the wire's order.

Rule: it only grows until `close`, which emits `response.done` exactly once; afterwards nothing of it is emitted.
"""

from collections.abc import Callable

from msgspec.structs import replace

from pipeline.conversation import Conversation, SpokenPiece
from pipeline.providers import FunctionCall, Usage
from pipeline.realtime.events import (
    ContentPartAdded,
    ContentPartDone,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    ItemAdded,
    ItemDone,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
    ResponseCreated,
    ResponseDone,
)
from pipeline.realtime.items import (
    FunctionCallItem,
    InputTokens,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    OutputTokens,
    Part,
    ResponseObject,
    Status,
    StatusDetails,
    UsageObject,
)
from pipeline.sentences import SentenceCutter
from pipeline.signals import Output

Ids = Callable[[str], str]


class Reply:
    """A response; `audio` says whether its words are spoken or written."""

    def __init__(self, ids: Ids, conversation: Conversation, *, audio: bool, conversation_id: str) -> None:
        self._ids = ids
        self._conversation = conversation
        self._conversation_id = conversation_id
        self._cutter = SentenceCutter()
        self._text = ""
        self._outputs: list[Item] = []
        self._usage: UsageObject | None = None
        self.audio = audio
        self.id = ids("resp")
        self.item_id: str | None = None
        self.pieces: list[SpokenPiece] = []
        self.asked = False
        self.model_done = False
        self.failure: StatusDetails | None = None

    @property
    def made(self) -> bool:
        """True when the model is done and all of its words have been turned into audio."""
        return self.model_done and all(piece.done for piece in self.pieces)

    @property
    def silent(self) -> bool:
        """True while it has no words."""
        return not self._text

    @property
    def calls(self) -> list[FunctionCallItem]:
        """The functions it called."""
        return [item for item in self._outputs if isinstance(item, FunctionCallItem)]

    def begin(self) -> list[Output]:
        """Announce the response."""
        return [ResponseCreated(event_id=self._ids("event"), response=self._as_object("in_progress"))]

    def grow(self, text: str) -> tuple[list[Output], list[str]]:
        """More words: their events, and the pieces that can be spoken now."""
        out = self._message_begins() if self.item_id is None else []
        assert self.item_id is not None
        self._text += text
        event = OutputTranscriptDelta if self.audio else OutputTextDelta
        out.append(event(event_id=self._ids("event"), response_id=self.id, item_id=self.item_id, delta=text))
        return out, self._taken(self._cutter.feed(text)) if self.audio else []

    def end_of_text(self) -> list[str]:
        """The model will say no more: the last pieces to speak."""
        self.model_done = True
        return self._taken(self._cutter.finish()) if self.audio else []

    def settle(self) -> None:
        """Whatever of its speech is under way will not be finished."""
        for piece in self.pieces:
            piece.done = True

    def call(self, call: FunctionCall) -> list[Output]:
        """The model calls a function."""
        item = FunctionCallItem(id=self._ids("item"), call_id=call.call_id, name=call.name, arguments=call.arguments)
        index = len(self._outputs)
        self._outputs.append(item)
        begun = replace(item, arguments="", status="in_progress")
        previous = self._conversation.append(item)
        where = {"response_id": self.id, "item_id": item.id, "output_index": index, "call_id": call.call_id}
        event = self._ids
        return [
            OutputItemAdded(event_id=event("event"), response_id=self.id, output_index=index, item=begun),
            ItemAdded(event_id=event("event"), item=begun, previous_item_id=previous),
            FunctionArgumentsDelta(event_id=event("event"), delta=call.arguments, **where),  # type: ignore[arg-type]
            FunctionArgumentsDone(
                event_id=event("event"),
                name=call.name,
                arguments=call.arguments,
                **where,  # type: ignore[arg-type]
            ),
            OutputItemDone(event_id=event("event"), response_id=self.id, output_index=index, item=item),
            ItemDone(event_id=event("event"), item=item, previous_item_id=previous),
        ]

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
        out: list[Output] = []
        if self.item_id is not None:
            out = self._message_ends("incomplete" if details else "completed")
        status = details.type if details else "completed"
        done = replace(self._as_object("in_progress"), status=status, status_details=details)
        return [*out, ResponseDone(event_id=self._ids("event"), response=done)]

    def _taken(self, texts: list[str]) -> list[str]:
        self.pieces += [SpokenPiece(text) for text in texts]
        return texts

    def _message_begins(self) -> list[Output]:
        item = MessageItem(id=self._ids("item"), role="assistant", status="in_progress")
        self.item_id = item.id
        self._index = len(self._outputs)
        self._outputs.append(item)
        previous = self._conversation.append(item)
        part = Part("audio", transcript="") if self.audio else Part("text", text="")
        return [
            OutputItemAdded(event_id=self._ids("event"), response_id=self.id, output_index=self._index, item=item),
            ItemAdded(event_id=self._ids("event"), item=item, previous_item_id=previous),
            ContentPartAdded(
                event_id=self._ids("event"),
                response_id=self.id,
                item_id=item.id,
                output_index=self._index,
                part=part,
            ),
        ]

    def _message_ends(self, status: Status) -> list[Output]:
        assert self.item_id is not None
        content = OutputAudio(self._text) if self.audio else OutputText(self._text)
        item = MessageItem(id=self.item_id, role="assistant", content=(content,), status=status)
        self._outputs[self._index] = item
        self._conversation.put(item)
        where = {"response_id": self.id, "item_id": self.item_id, "output_index": self._index}
        part = Part("audio", transcript=self._text) if self.audio else Part("text", text=self._text)
        event = self._ids
        spoken: list[Output] = [
            OutputAudioDone(event_id=event("event"), **where),  # type: ignore[arg-type]
            OutputTranscriptDone(event_id=event("event"), transcript=self._text, **where),  # type: ignore[arg-type]
        ]
        written: list[Output] = [
            OutputTextDone(event_id=event("event"), text=self._text, **where)  # type: ignore[arg-type]
        ]
        return [
            *(spoken if self.audio else written),
            ContentPartDone(event_id=event("event"), part=part, **where),  # type: ignore[arg-type]
            OutputItemDone(event_id=event("event"), response_id=self.id, output_index=self._index, item=item),
            ItemDone(event_id=event("event"), item=item, previous_item_id=self._conversation.before(item.id)),
        ]

    def _as_object(self, status: Status) -> ResponseObject:
        assert status == "in_progress"
        return ResponseObject(
            id=self.id,
            status=status,
            output=tuple(self._outputs),
            usage=self._usage,
            conversation_id=self._conversation_id,
            output_modalities=("audio",) if self.audio else ("text",),
        )
