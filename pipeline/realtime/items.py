"""Conversation items and responses as the Realtime wire shows them. Rule: values only."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

Status = Literal["in_progress", "completed", "incomplete"]
ResponseStatus = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]
Role = Literal["user", "assistant", "system"]


class InputText(Struct, frozen=True, tag_field="type", tag="input_text"):
    """Written by the application or pressed as digits."""

    text: str


class InputAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    """Spoken by the caller; the transcript arrives after the item."""

    transcript: str | None = None


class OutputText(Struct, frozen=True, tag_field="type", tag="output_text"):
    """Written by the agent."""

    text: str


class OutputAudio(Struct, frozen=True, tag_field="type", tag="output_audio"):
    """Spoken by the agent."""

    transcript: str = ""


Content = InputText | InputAudio | OutputText | OutputAudio


class MessageItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Something said or written by one of the speakers."""

    id: str
    role: Role
    content: tuple[Content, ...] = ()
    status: Status = "completed"
    object: Literal["realtime.item"] = "realtime.item"


class FunctionCallItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """The agent asks for a tool; `arguments` is JSON text."""

    id: str
    call_id: str
    name: str
    arguments: str = ""
    status: Status = "completed"
    object: Literal["realtime.item"] = "realtime.item"


class FunctionOutputItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    """What the tool answered."""

    id: str
    call_id: str
    output: str
    status: Status = "completed"
    object: Literal["realtime.item"] = "realtime.item"


Item = MessageItem | FunctionCallItem | FunctionOutputItem


class Part(Struct, frozen=True, omit_defaults=True):
    """A content part of a running response; `type` has no default so that it is always written."""

    type: Literal["audio", "text"]
    transcript: str | UnsetType = UNSET
    text: str | UnsetType = UNSET


class FailureDetail(Struct, frozen=True, kw_only=True):
    """Why a response failed; `code` is ours, never a vendor's text."""

    type: str
    code: str


class StatusDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a response did not complete."""

    type: Literal["cancelled", "incomplete", "failed"] = field()
    reason: str | UnsetType = UNSET
    error: FailureDetail | UnsetType = UNSET


class InputTokens(Struct, frozen=True, kw_only=True):
    """Tokens read, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class OutputTokens(Struct, frozen=True, kw_only=True):
    """Tokens written, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0


class UsageObject(Struct, frozen=True, kw_only=True):
    """Tokens of one response."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputTokens
    output_token_details: OutputTokens


class ResponseObject(Struct, frozen=True, kw_only=True):
    """One response as `response.created` and `response.done` show it."""

    id: str
    status: ResponseStatus
    output: tuple[Item, ...] = ()
    status_details: StatusDetails | None = None
    usage: UsageObject | None = None
    conversation_id: str | None = None
    output_modalities: tuple[str, ...] = ("audio",)
    metadata: dict[str, str] | None = None
    object: Literal["realtime.response"] = "realtime.response"
