"""Conversation items as clients write them. Rule: what comes out is an item of ours, or a MistakeError.

Older clients say `text` and `audio` where newer ones say `input_text` and `output_audio`; one spelling comes out. An
item may be without an id, which is then empty.
"""

from typing import Any, Final

import msgspec

from pipeline.realtime.items import InputAudio, InputImage, InputText, Item, MessageItem, OutputAudio, OutputText
from pipeline.realtime.mistakes import MistakeError, invalid, mistake, too_long, unwieldy

LONGEST_ID: Final = 512
_OLD_PARTS: Final = {
    ("assistant", "text"): "output_text",
    ("assistant", "audio"): "output_audio",
    ("user", "text"): "input_text",
    ("user", "audio"): "input_audio",
    ("system", "text"): "input_text",
}
_PARTS_OF: Final = {
    "assistant": (OutputText, OutputAudio),
    "user": (InputText, InputAudio, InputImage),
    "system": (InputText,),
}


def item_in(written: dict[str, Any], at: str) -> Item:
    """The item; `at` is its dotted name in what the client wrote."""
    wrong = unwieldy(written, at)
    if wrong is not None:
        raise MistakeError(wrong)
    try:
        item = msgspec.convert(_in_one_spelling(written), Item)
    except msgspec.ValidationError as error:
        raise MistakeError(invalid(error, at)) from None
    if len(item.id) > LONGEST_ID:
        message = f"Invalid '{at}.id': it has more than {LONGEST_ID} characters."
        raise MistakeError(mistake("string_above_max_length", message, param=f"{at}.id"))
    item = _fitting(item, at) if isinstance(item, MessageItem) else item
    wrong = too_long(item, at)
    if wrong is not None:
        raise MistakeError(wrong)
    return item


def _in_one_spelling(written: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in written.items() if key != "object" and value is not None}
    if kept.get("status") == "in_progress":
        del kept["status"]
    if isinstance(kept.get("content"), list):
        kept["content"] = [_part(part, kept.get("role")) for part in kept["content"]]
    unnamed = {"id": ""} | ({"call_id": ""} if kept.get("type") == "function_call" else {})
    return unnamed | kept


def _part(part: Any, role: Any) -> Any:
    """A content part with the type that its role has now."""
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if value is not None}
    kind = kept.get("type")
    if isinstance(role, str) and isinstance(kind, str):
        kept["type"] = _OLD_PARTS.get((role, kind), kind)
    return kept


def _fitting(item: MessageItem, at: str) -> MessageItem:
    """The message if what it holds can come from its role; audio that nobody here hears is not kept."""
    for index, part in enumerate(item.content):
        place = f"{at}.content[{index}]"
        if not isinstance(part, _PARTS_OF[item.role]):
            message = f"Invalid value: '{part.__struct_config__.tag}' is no content of role '{item.role}'."
            raise MistakeError(mistake("invalid_value", message, param=f"{place}.type"))
        if isinstance(part, OutputAudio) and part.audio is not msgspec.UNSET:
            message = "Invalid value: an agent's audio cannot be created."
            raise MistakeError(mistake("invalid_value", message, param=f"{place}.audio"))
    heard = tuple(InputAudio(part.transcript) if isinstance(part, InputAudio) else part for part in item.content)
    return msgspec.structs.replace(item, content=heard)
