"""One response in the making: its words, its pieces of speech and its function calls.

Rule: it only grows until `close`, which emits `response.done` exactly once; afterwards nothing of it is emitted.
"""

from msgspec.structs import replace

from pipeline.audio import Speech, speech_ms
from pipeline.conversation import Conversation, SpokenPiece
from pipeline.ear_text import ear_text
from pipeline.providers import CutShort, Delta, FunctionCall, HeardOut, Reached, TextDelta, Usage
from pipeline.realtime.events import ResponseCreated, ResponseDone
from pipeline.realtime.items import (
    FailureDetail,
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
from pipeline.signals import Ids, Output, Play, Speak
from pipeline.terms import Terms
from pipeline.wire_order import WireOrder


class Reply:
    """A response. Its items enter the conversation, or None when it is none of its business."""

    def __init__(self, ids: Ids, terms: Terms, conversation: Conversation | None, conversation_id: str) -> None:
        self._ids = ids
        self._conversation = conversation
        self._conversation_id = conversation_id if conversation is not None else None
        self._cutter = SentenceCutter(terms.language)
        self._speakable = False
        self._text = ""
        self._index = 0
        self._previous: str | None = None
        self._outputs: list[Item] = []
        self._usage = UsageObject()
        self.terms, self.protected = terms, terms.protected
        self.audio = terms.audio
        self.id = ids("resp")
        self._wire = WireOrder(ids, self.id, audio=self.audio, within=conversation is not None)
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

    def take(self, delta: Delta) -> list[Output]:
        """The model went on."""
        match delta:
            case TextDelta(text):
                return self.say(text) if text else []
            case FunctionCall():
                return self._call(delta)
            case Usage():
                self._count(delta)
            case CutShort(reason):
                self.details = StatusDetails(type="incomplete", reason=reason)
            case HeardOut():
                self.protected = True
        return []

    def say(self, text: str) -> list[Output]:
        """More words: their events, and the pieces that can be spoken now."""
        out: list[Output] = []
        if self.item_id is None:
            out = self._message_begins()
        assert self.item_id is not None
        self._text += text
        out.append(self._wire.words(self.item_id, self._index, text))
        return out + self._speak(self._cutter.feed(text)) if self.audio else out

    def model_ended(self) -> list[Output]:
        """The model will say no more: the last pieces to speak."""
        self.model_done = True
        return self._speak(self._cutter.finish()) if self.audio else []

    def played(self, piece: int, speech: Speech) -> Play | None:
        """Audio for a piece; None for what comes late or for no piece."""
        if not speech or not 0 <= piece < len(self.pieces) or self.pieces[piece].done:
            return None
        assert self.item_id is not None
        self.pieces[piece].audio_ms += speech_ms(speech)
        return Play(self.id, speech, self.item_id, self._index)

    def reached(self, piece: int, reached: Reached) -> list[Output]:
        """The voice tells where in a piece's audio its words end; nobody else needs to know."""
        if 0 <= piece < len(self.pieces):
            self.pieces[piece].reached.append(reached)
        return []

    def piece_ended(self, piece: int) -> None:
        """One piece has all its audio."""
        if 0 <= piece < len(self.pieces):
            self.pieces[piece].done = True

    def recite(self, text: str, pcm: bytes) -> list[Output]:
        """Words whose audio there is already are all of it."""
        out = self._message_begins()
        assert self.item_id is not None
        self._text = text
        self._take(SpokenPiece(text, speech_ms(pcm), done=True))
        return [*out, self._wire.words(self.item_id, self._index, text), Play(self.id, pcm, self.item_id, self._index)]

    def fail(self, code: str) -> None:
        """A provider broke: whatever speech is under way will not be finished, pieces keep the words that were made."""
        error = FailureDetail(type="server_error", code=code)
        self.details = StatusDetails(type="failed", error=error)
        for text in self._cutter.finish():
            self._take(SpokenPiece(text))
        for piece in self.pieces:
            if not piece.done:
                piece.break_off()

    def close(self, details: StatusDetails | None) -> list[Output]:
        """Close the open item and the response; `details` None means completed."""
        out = self._message_ends("incomplete" if details else "completed") if self.item_id else []
        done = self._as_object(details.type if details else "completed", details)
        return [*out, ResponseDone(event_id=self._ids("event"), response=done)]

    def _message_begins(self) -> list[Output]:
        item = MessageItem(id=self._ids("item"), role="assistant", status="in_progress")
        self.item_id = item.id
        self._index = len(self._outputs)
        self._enter(item)
        if self.audio and self._conversation is not None:
            self._conversation.speaks(item.id, self.id, self.pieces)
        return self._wire.message_begins(item, self._index, self._previous)

    def _call(self, call: FunctionCall) -> list[Output]:
        item = FunctionCallItem(id=self._ids("item"), call_id=call.call_id, name=call.name, arguments=call.arguments)
        previous = self._previous
        self._enter(item)
        out = self._wire.function_call(item, len(self._outputs) - 1, self._previous)
        self._previous = previous
        return out

    def _enter(self, item: Item) -> None:
        self._outputs.append(item)
        self._previous = self._conversation.append(item) if self._conversation is not None else None

    def _count(self, usage: Usage) -> None:
        self._usage = UsageObject(
            total_tokens=usage.input_tokens + usage.output_tokens,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            input_token_details=InputTokens(text_tokens=usage.input_tokens, cached_tokens=usage.cached_tokens),
            output_token_details=OutputTokens(text_tokens=usage.output_tokens),
        )

    def _speak(self, texts: list[str]) -> list[Output]:
        """Give the voice what is for the ear; a piece of nothing but signs is passed over."""
        out: list[Output] = []
        voice, language = self.terms.voice, self.terms.language
        for text in texts:
            ear = ear_text(text, language)
            self._take(SpokenPiece(text, done=not ear.speakable, ear=ear if ear.said != text else None))
            if ear.speakable:
                out.append(Speak(self.id, len(self.pieces) - 1, ear.said, voice.voice, voice.speed))
        return out

    def _take(self, piece: SpokenPiece) -> None:
        self.pieces.append(piece)
        self._speakable = self._speakable or piece.speakable

    def _message_ends(self, status: Status) -> list[Output]:
        assert self.item_id is not None
        content = OutputAudio(self._text) if self.audio else OutputText(self._text)
        item = MessageItem(id=self.item_id, role="assistant", content=(content,), status=status)
        self._outputs[self._index] = item
        if self._conversation is not None:
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
            usage=None if status == "in_progress" else self._usage,
            conversation_id=self._conversation_id,
            output_modalities=self.terms.modalities,
            max_output_tokens=self.terms.max_output_tokens,
            audio=self.terms.shown_audio,
            metadata=self.terms.wish.metadata,
        )
