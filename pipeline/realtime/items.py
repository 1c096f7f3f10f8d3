"""Conversation items and responses as the Realtime wire shows them. Rule: values only."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from pipeline.realtime.config import Format

Status = Literal["in_progress", "completed", "incomplete"]
ResponseStatus = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]
Role = Literal["user", "assistant", "system"]


class InputText(Struct, frozen=True, tag_field="type", tag="input_text"):
    """Written by the application or pressed as digits."""

    text: str


class InputAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    """Spoken by the caller; the transcript arrives after the item. `audio` (base64) is shown on request only."""

    transcript: str | None = None
    audio: str | UnsetType = UNSET


class InputImage(Struct, frozen=True, tag_field="type", tag="input_image"):
    """Shown by the application; no language model here looks at it."""

    image_url: str
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class OutputText(Struct, frozen=True, tag_field="type", tag="output_text"):
    """Written by the agent."""

    text: str


class OutputAudio(Struct, frozen=True, tag_field="type", tag="output_audio"):
    """Spoken by the agent. `audio` (base64) is shown on request only."""

    transcript: str = ""
    audio: str | UnsetType = UNSET


Spoken = InputAudio | OutputAudio
Content = InputText | InputAudio | InputImage | OutputText | OutputAudio


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


class McpApprovalResponseItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_approval_response"):
    """An application's history may hold this and the three below; here they say nothing to anybody."""

    id: str
    approval_request_id: str
    approve: bool
    reason: str | None = None


class McpApprovalRequestItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_approval_request"):
    """A server's function wants leave to run."""

    id: str
    server_label: str
    name: str
    arguments: str


class McpToolsItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_list_tools"):
    """What a server offers."""

    id: str
    server_label: str
    tools: tuple[dict[str, Any], ...] = ()


class McpCallItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_call"):
    """A server's function ran."""

    id: str
    server_label: str
    name: str
    arguments: str
    approval_request_id: str | None = None
    output: str | None = None


McpItem = McpApprovalResponseItem | McpApprovalRequestItem | McpToolsItem | McpCallItem
Item = MessageItem | FunctionCallItem | FunctionOutputItem | McpItem


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


class CachedTokens(Struct, frozen=True, kw_only=True):
    """Tokens that the model had read before, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class InputTokens(Struct, frozen=True, kw_only=True):
    """Tokens read, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedTokens = field(default_factory=CachedTokens)


class OutputTokens(Struct, frozen=True, kw_only=True):
    """Tokens written, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0


class UsageObject(Struct, frozen=True, kw_only=True):
    """Tokens of one response."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokens = field(default_factory=InputTokens)
    output_token_details: OutputTokens = field(default_factory=OutputTokens)


class ResponseVoice(Struct, frozen=True, kw_only=True):
    """How a response sounds on a client's wire."""

    format: Format
    voice: str


class ResponseAudio(Struct, frozen=True, kw_only=True):
    """The audio of a response."""

    output: ResponseVoice


class ResponseObject(Struct, frozen=True, kw_only=True):
    """One response as `response.created` and `response.done` show it."""

    id: str
    status: ResponseStatus
    output: tuple[Item, ...] = ()
    status_details: StatusDetails | None = None
    usage: UsageObject | None = None
    conversation_id: str | None = None
    output_modalities: tuple[str, ...] = ("audio",)
    max_output_tokens: int | Literal["inf"] = "inf"
    audio: ResponseAudio | None = None
    metadata: dict[str, str] | None = None
    object: Literal["realtime.response"] = "realtime.response"
