"""TOML tables -> frozen types of ours. Rule: reading goes on after a fault, so that every fault is told at once.

Reads dataclasses and msgspec structs by their annotations. TOML has no null: the word "off" stands for it wherever
None is allowed, but not beside true and false.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from telephony.faults import Fault, did_you_mean
from telephony.toml_text import KeyPath, TomlText

NULL_WORD: Final = "off"
_MSGSPEC_PLACE = re.compile(r" - at `(?P<place>\$[^`]*)`$")
_ITEM = re.compile(r"\[(\d+)\]")
_QUOTED = re.compile(r"`([^`]*)`")
_IN_WORDS: Final[Mapping[str, str]] = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}

Decode = Callable[[type, Any], Any]


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a value that could not be read; its fault has been noted."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    key: str
    hint: Any
    required: bool


@dataclass(slots=True)
class Reader:
    """Reads one text into typed values and gathers what is wrong with it."""

    text: TomlText
    decode: Decode | None = None
    faults: list[Fault] = field(default_factory=list)
    faulty: set[KeyPath] = field(default_factory=set)

    def fault(self, path: KeyPath, problem: str, remedy: str = "") -> None:
        """Note one fault at this key."""
        self.faulty.add(path)
        self.faults.append(self.text.fault(path, problem, remedy))

    def is_sound(self, *paths: KeyPath) -> bool:
        """Nothing has been found wrong with these keys, so it makes sense to compare their values."""
        return self.faulty.isdisjoint(paths)

    def read(self, hint: Any, raw: object, path: KeyPath) -> Any:
        """The value as `hint` says, or Unread after its faults are noted."""
        kinds = kinds_of(hint)
        if raw == NULL_WORD and _takes_null_word(kinds):
            return None
        records = [kind for kind in kinds if _is_record(kind)]
        if records and (isinstance(raw, dict) or len(records) == len(set(kinds) - {NoneType})):
            return self._read_one_of(records, raw, path)
        if (values := _values_of(kinds)) is not None:
            return self.read_named(values, raw, path)
        item = _item_of(kinds)
        if item is not None and isinstance(raw, list):
            return self._read_items(item, raw, path)
        return self._read_leaf(hint, raw, path)

    def read_named(self, hint: Any, raw: object, path: KeyPath) -> dict[str, Any]:
        """A table of tables: name -> value; what cannot be read is left out."""
        if not isinstance(raw, dict):
            self.fault(path, "expected a table of names")
            return {}
        values = {name: self.read(hint, table, (*path, name)) for name, table in raw.items()}
        return {name: value for name, value in values.items() if not isinstance(value, Unread)}

    def refuse_unknown(self, raw: Mapping[str, object], known: list[str], path: KeyPath) -> None:
        """Keys that nobody reads are faults: a typo must not pass for a default."""
        for key in raw.keys() - set(known):
            self.fault((*path, key), f"unknown key {key!r}", did_you_mean(key, known))

    def _read_one_of(self, records: list[type], raw: object, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            self.fault(path, "expected a table")
            return Unread()
        tags = {_tag(record): record for record in records}
        if len(records) == 1:
            return self._read_record(records[0], raw, path)
        chosen = tags.get(raw.get("type"))
        if chosen is None:
            self.fault((*path, "type"), "expected a type", did_you_mean(str(raw.get("type")), filter(None, tags)))
            return Unread()
        return self._read_record(chosen, raw, path)

    def _read_record(self, record: type, raw: Mapping[str, object], path: KeyPath) -> Any:
        wanted = _fields(record)
        tag = [record.__struct_config__.tag_field] if _tag(record) else []  # type: ignore[attr-defined]
        self.refuse_unknown(raw, [*tag, *(each.key for each in wanted)], path)
        values: dict[str, Any] = {}
        complete = True
        for each in wanted:
            if each.key in raw:
                values[each.name] = self.read(each.hint, raw[each.key], (*path, each.key))
                if not isinstance(values[each.name], Unread):
                    continue
                del values[each.name]
            elif each.required:
                self.fault((*path, each.key), "is missing")
            complete = complete and not each.required
        return record(**values) if complete else Unread()

    def _read_items(self, hint: Any, raw: list[object], path: KeyPath) -> Any:
        items = [self.read(hint, item, (*path, index)) for index, item in enumerate(raw)]
        if any(isinstance(item, Unread) for item in items):
            self.faulty.add(path)  # what is left is not what was meant
        return tuple(item for item in items if not isinstance(item, Unread))

    def _read_leaf(self, hint: Any, raw: object, path: KeyPath) -> Any:
        try:
            return msgspec.convert(raw, _without_none(hint), dec_hook=self.decode)
        except msgspec.ValidationError as error:
            problem = str(error)
            if place := _MSGSPEC_PLACE.search(problem):
                problem = problem[: place.start()]
                path = (*path, *(int(item) for item in _ITEM.findall(place["place"])))
            words = _literals(hint)
            remedy = did_you_mean(str(raw), words) if words and isinstance(raw, str) else ""
            if problem.endswith("got `str`") and _takes_null_word(kinds_of(hint)):
                remedy = f'or "{NULL_WORD}"'
            self.fault(path, problem[0].lower() + _QUOTED.sub(_in_words, problem[1:]), remedy)
            return Unread()


def _in_words(quoted: re.Match[str]) -> str:
    """Types as people name them, not as msgspec does."""
    return " or ".join(_IN_WORDS.get(kind, kind) for kind in quoted[1].split(" | "))


def kinds_of(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the hint alone; constraints are taken off."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return tuple(kind for part in get_args(hint) for kind in kinds_of(part) if kind is not msgspec.UnsetType)
    return (hint,)


def _takes_null_word(kinds: tuple[Any, ...]) -> bool:
    """Where true and false are meant, "off" would be taken for false, and is neither."""
    return NoneType in kinds and bool not in kinds


def _without_none(hint: Any) -> Any:
    """The hint for a value that is there: a file cannot say null, nor leave a field unset on purpose."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    kept = tuple(part for part in get_args(hint) if part not in (NoneType, msgspec.UnsetType))
    return Union[kept]  # noqa: UP007 -- the members are known only here


def _item_of(kinds: tuple[Any, ...]) -> Any | None:
    """What a sequence holds, as far as it must be read item by item."""
    for kind in kinds:
        if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
            return get_args(kind)[0]
    return None


def _values_of(kinds: tuple[Any, ...]) -> Any | None:
    """What a table of names holds."""
    return next((get_args(kind)[1] for kind in kinds if get_origin(kind) is dict), None)


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, msgspec.Struct))


def _tag(record: Any) -> str | None:
    return (
        str(record.__struct_config__.tag)
        if hasattr(record, "__struct_config__") and record.__struct_config__.tag
        else None
    )


def _literals(hint: Any) -> list[str]:
    return [word for kind in kinds_of(hint) if get_origin(kind) is Literal for word in get_args(kind)]


def _fields(record: Any) -> list[_Field]:
    hints = get_type_hints(record, include_extras=True)
    if is_dataclass(record):
        return [
            _Field(
                each.name,
                str(each.metadata.get("key", each.name)),
                hints[each.name],
                each.default is MISSING and each.default_factory is MISSING,
            )
            for each in fields(record)
            if each.init and each.metadata.get("key", each.name) is not None
        ]
    described = msgspec.structs.fields(record)
    return [_Field(each.name, each.encode_name, hints[each.name], each.required) for each in described]
