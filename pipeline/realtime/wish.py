"""What one response is to be, as a client wishes it in `response.create`. Rule: None is where the session's hold."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.inspect import type_info

from pipeline.realtime.change import Wrong, known_of, served, wrong_format, wrong_token_limit, wrong_tools
from pipeline.realtime.config import Format, FunctionTool, ToolChoiceFunction
from pipeline.realtime.dialect import in_our_words
from pipeline.realtime.items import Item
from pipeline.realtime.mistakes import MistakeError, invalid, mistake, unwieldy
from pipeline.realtime.written_items import item_in

METADATA_PAIRS: Final = 16
LONGEST_KEY: Final = 64
LONGEST_VALUE: Final = 512


class ItemReference(Struct, frozen=True, tag_field="type", tag="item_reference"):
    """An item that the conversation has."""

    id: str


class VoiceWish(Struct, frozen=True):
    """How one response is to sound."""

    format: Format | None = None
    voice: str | None = None


class AudioWish(Struct, frozen=True):
    """The audio of one response."""

    output: VoiceWish | None = None


class ResponseWish(Struct, frozen=True, kw_only=True):
    """What one response is to be; None where the session's settings hold. An empty `input` is an empty context."""

    conversation: Literal["auto", "none"] | None = None
    input: tuple[Item | ItemReference, ...] | None = None
    instructions: str | None = None
    output_modalities: tuple[Literal["audio", "text"], ...] | None = None
    tools: tuple[FunctionTool, ...] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolChoiceFunction | None = None
    max_output_tokens: int | Literal["inf"] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    metadata: dict[str, str] | None = None
    audio: AudioWish | None = None

    @property
    def beside(self) -> bool:
        """True for a response that is no part of the conversation."""
        return self.conversation == "none"

    @property
    def voice(self) -> VoiceWish:
        """How it is to sound."""
        return (self.audio.output if self.audio else None) or VoiceWish()


def wish_in(written: dict[str, Any]) -> ResponseWish:
    """The wish; raises MistakeError."""
    wrong = unwieldy(written, "response")
    if wrong is not None:
        raise MistakeError(wrong)
    kept = served(in_our_words(_older(written)), "response", [])
    items = kept.pop("input", None)
    try:
        wish = msgspec.convert(known_of(type_info(ResponseWish), kept, "response", []), ResponseWish)
    except msgspec.ValidationError as error:
        raise MistakeError(invalid(error, "response")) from None
    for param, problem in _wrong(wish):
        raise MistakeError(mistake("invalid_value", f"Invalid value: {problem}.", param=f"response.{param}"))
    return wish if items is None else msgspec.structs.replace(wish, input=tuple(_inputs(items)))


def _older(written: dict[str, Any]) -> dict[str, Any]:
    """The words of older clients in their new places."""
    kept = dict(written)
    modalities, voice = kept.pop("modalities", None), kept.pop("voice", None)
    if modalities is not None and kept.get("output_modalities") is None:
        kept["output_modalities"] = modalities
    if voice is not None and kept.get("audio") is None:
        kept["audio"] = {"output": {"voice": voice}}
    return kept


def _inputs(written: Any) -> Iterator[Item | ItemReference]:
    if not isinstance(written, list):
        raise MistakeError(mistake("invalid_value", "Invalid value: an input is a list.", param="response.input"))
    for index, item in enumerate(written):
        at = f"response.input[{index}]"
        match item:
            case {"type": "item_reference", "id": str(item_id)}:
                yield ItemReference(item_id)
            case dict():
                yield item_in(item, at)
            case _:
                raise MistakeError(mistake("invalid_value", "Invalid value: an item is an object.", param=at))


def _wrong(wish: ResponseWish) -> Iterator[Wrong]:
    if wish.max_output_tokens is not None:
        yield from wrong_token_limit(wish.max_output_tokens)
    yield from wrong_tools(wish.tools or ())
    if len(wish.metadata or ()) > METADATA_PAIRS:
        yield "metadata", f"metadata has {METADATA_PAIRS} pairs at most"
    for key, value in (wish.metadata or {}).items():
        if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            yield "metadata", f"metadata's keys have {LONGEST_KEY} characters at most, its values {LONGEST_VALUE}"
    if wish.output_modalities == ():
        yield "output_modalities", 'output_modalities is ["audio"] or ["text"]'
    if wish.voice.format is not None:
        yield from wrong_format("audio.output.format", wish.voice.format)
