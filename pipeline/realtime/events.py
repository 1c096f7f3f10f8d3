"""Server events of the Realtime API as structs; encoding one gives its JSON frame. Rule: field names are the wire's.

Types and order follow OpenAI's Realtime API (GA, the pinned `openai` package).
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pipeline.realtime.config import AudioInput, SessionConfig
from pipeline.realtime.event import Event
from pipeline.realtime.items import Item, MessageItem, Part, ResponseObject, Spoken
from pipeline.realtime.ours import OurEvent


class SessionObject(SessionConfig, frozen=True, kw_only=True):
    """A session as clients see it: the effective config with the fields that the server adds."""

    id: str
    object: Literal["realtime.session"] = "realtime.session"
    expires_at: int | UnsetType = UNSET


class TranscriptionAudio(Struct, frozen=True, kw_only=True):
    """A transcription session only hears."""

    input: AudioInput


class TranscriptionSessionObject(Struct, frozen=True, kw_only=True):
    """A transcription session as clients see it."""

    id: str
    audio: TranscriptionAudio
    include: tuple[str, ...] | None = None
    expires_at: int | UnsetType = UNSET
    type: Literal["transcription"] = "transcription"
    object: Literal["realtime.transcription_session"] = "realtime.transcription_session"


class SessionCreated(Event, frozen=True, kw_only=True, tag="session.created"):
    """The first event of a session."""

    session: SessionObject | TranscriptionSessionObject


class SessionUpdated(Event, frozen=True, kw_only=True, tag="session.updated"):
    """The complete effective session after an accepted update."""

    session: SessionObject | TranscriptionSessionObject


class ConversationObject(Struct, frozen=True, kw_only=True):
    """The conversation of a session."""

    id: str
    object: Literal["realtime.conversation"] = "realtime.conversation"


class ConversationCreated(Event, frozen=True, kw_only=True, tag="conversation.created"):
    """The second event of a session."""

    conversation: ConversationObject


class SpeechStarted(Event, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"):
    """The caller began to speak; ms of caller audio since the answer, less the prefix padding."""

    audio_start_ms: int
    item_id: str


class SpeechStopped(Event, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"):
    """The caller's turn ended; the ms include the silence that was waited for."""

    audio_end_ms: int
    item_id: str


class Committed(Event, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    """The utterance became an item."""

    item_id: str
    previous_item_id: str | None


class InputCleared(Event, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    """Caller audio that had not been committed is forgotten."""


class TimeoutTriggered(Event, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"):
    """The caller stayed silent for `idle_timeout_ms`."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class DtmfReceived(Event, frozen=True, kw_only=True, tag="input_audio_buffer.dtmf_event_received"):
    """One key; `received_at` in unix seconds."""

    event: str
    received_at: int


class ItemAdded(Event, frozen=True, kw_only=True, tag="conversation.item.added"):
    """An item entered the conversation."""

    item: Item
    previous_item_id: str | None


class ItemDone(Event, frozen=True, kw_only=True, tag="conversation.item.done"):
    """An item is final."""

    item: Item
    previous_item_id: str | None


class ItemTruncated(Event, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """An agent's item was cut to what the caller heard."""

    item_id: str
    audio_end_ms: int
    content_index: int = 0


class ItemRetrieved(Event, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """An item as it is now, with its audio as far as that is kept."""

    item: Item


def with_audio(event: ItemRetrieved, audio: str) -> ItemRetrieved:
    """The same with the item's audio (base64); a message has it in its first spoken part."""
    item = event.item
    if not isinstance(item, MessageItem):
        return event
    content = tuple(replace(part, audio=audio) if isinstance(part, Spoken) else part for part in item.content[:1])
    return replace(event, item=replace(item, content=content + item.content[1:]))


class ItemDeleted(Event, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """An item left the conversation."""

    item_id: str


class TranscriptDelta(Event, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.delta"):
    """The next words of the caller's utterance; deltas add up."""

    item_id: str
    delta: str
    content_index: int = 0


class Duration(Struct, frozen=True, tag_field="type", tag="duration"):
    """How transcription is counted."""

    seconds: float


class TranscriptCompleted(
    Event, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.completed"
):
    """The final transcript of the caller's utterance."""

    item_id: str
    transcript: str
    usage: Duration
    content_index: int = 0


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """What went wrong, for the client's developer."""

    type: str
    code: str
    message: str
    param: str | None = None
    event_id: str | None = None


class TranscriptError(Struct, frozen=True, kw_only=True):
    """Why there is no transcript."""

    type: str
    code: str
    message: str
    param: str | None = None


class TranscriptFailed(Event, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.failed"):
    """The recogniser failed on this utterance."""

    item_id: str
    error: TranscriptError
    content_index: int = 0


class ResponseCreated(Event, frozen=True, kw_only=True, tag="response.created"):
    """A response begins."""

    response: ResponseObject


class ResponseDone(Event, frozen=True, kw_only=True, tag="response.done"):
    """A response is over; once per response, the last event of it but for playout."""

    response: ResponseObject


class OutputItemAdded(Event, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item of the response begins."""

    response_id: str
    output_index: int
    item: Item


class OutputItemDone(Event, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item of the response is final."""

    response_id: str
    output_index: int
    item: Item


class ContentEvent(Event, frozen=True, kw_only=True):
    """Where in a response a content event belongs."""

    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class ContentPartAdded(ContentEvent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A content part begins."""

    part: Part


class ContentPartDone(ContentEvent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A content part is final."""

    part: Part


class OutputTranscriptDelta(ContentEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"):
    """The next words that the agent will speak."""

    delta: str


class OutputTranscriptDone(ContentEvent, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"):
    """All words of the part."""

    transcript: str


class OutputAudioDelta(ContentEvent, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """The next audio, base64 in the session's output format; written by who encodes it for the client."""

    delta: str


class OutputAudioDone(ContentEvent, frozen=True, kw_only=True, tag="response.output_audio.done"):
    """All audio of the part has been made."""


class OutputTextDelta(ContentEvent, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """The next piece of a written reply."""

    delta: str


class OutputTextDone(ContentEvent, frozen=True, kw_only=True, tag="response.output_text.done"):
    """All text of the part."""

    text: str


class FunctionArgumentsDelta(Event, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"):
    """The next piece of a call's arguments."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str


class FunctionArgumentsDone(Event, frozen=True, kw_only=True, tag="response.function_call_arguments.done"):
    """A function call is complete and waits for its output."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    name: str
    arguments: str


class PlayoutStarted(Event, frozen=True, kw_only=True, tag="output_audio_buffer.started"):
    """The first sample of the response left."""

    response_id: str


class PlayoutStopped(Event, frozen=True, kw_only=True, tag="output_audio_buffer.stopped"):
    """The last sample of the response left."""

    response_id: str


class PlayoutCleared(Event, frozen=True, kw_only=True, tag="output_audio_buffer.cleared"):
    """What had not left of the response never will."""

    response_id: str


class ErrorEvent(Event, frozen=True, kw_only=True, tag="error"):
    """A client's mistake; the session goes on."""

    error: ErrorDetail


ServerEvent = (
    SessionCreated
    | SessionUpdated
    | ConversationCreated
    | SpeechStarted
    | SpeechStopped
    | Committed
    | InputCleared
    | TimeoutTriggered
    | DtmfReceived
    | ItemAdded
    | ItemDone
    | ItemTruncated
    | ItemRetrieved
    | ItemDeleted
    | TranscriptDelta
    | TranscriptCompleted
    | TranscriptFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTranscriptDelta
    | OutputTranscriptDone
    | OutputAudioDelta
    | OutputAudioDone
    | OutputTextDelta
    | OutputTextDone
    | FunctionArgumentsDelta
    | FunctionArgumentsDone
    | PlayoutStarted
    | PlayoutStopped
    | PlayoutCleared
    | ErrorEvent
    | OurEvent
)
