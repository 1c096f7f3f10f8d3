"""One flow in several languages: `{ en = "Hello.", de = "Guten Tag." }` wherever it says or hears something.

Rule: each language is a flow of its own, `NAME/LANGUAGE`, and NAME speaks the first; what is missing in one is a fault.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from telephony.toml_text import KeyPath, TomlText
from telephony.typed_table import Reader

LANGUAGES: Final = "languages"


def in_languages(reader: Reader) -> Iterator[tuple[str, str, Any]]:
    """Each flow that is written down: what it is called, the name that it is written under, and its table."""
    for name, table in _tables(reader.text).items():
        languages = _languages(table)
        if not languages:
            yield name, name, table
            continue
        rest = {key: value for key, value in table.items() if key != LANGUAGES}
        spoken = [_Tongue(language, frozenset(languages), reader) for language in languages]
        yield name, name, spoken[0].said(rest, ("flows", name))
        for tongue in spoken:
            yield f"{name}/{tongue.language}", name, tongue.said(rest, ("flows", name))


def flow_names(text: TomlText) -> list[str]:
    """All flows by name, readable or not."""
    tables = _tables(text)
    return [*tables, *(f"{name}/{language}" for name, table in tables.items() for language in _languages(table))]


def written_name(flow: str) -> str:
    """The name that a flow is written under."""
    return flow.partition("/")[0]


class _Tongue:
    def __init__(self, language: str, languages: frozenset[str], reader: Reader) -> None:
        self.language = language
        self._languages = languages
        self._reader = reader

    def said(self, value: Any, path: KeyPath) -> Any:
        """The value with everything in this language."""
        match value:
            case dict() if value and self._languages.issuperset(value):
                if self.language not in value:
                    self._reader.fault(path, f"says nothing in {self.language!r}", f"{self.language} = ...")
                return self.said(value.get(self.language, next(iter(value.values()))), path)
            case dict():
                return {key: self.said(each, (*path, key)) for key, each in value.items()}
            case list():
                return [self.said(each, (*path, index)) for index, each in enumerate(value)]
            case _:
                return value


def _tables(text: TomlText) -> Mapping[str, Any]:
    flows = text.table.get("flows", {})
    return flows if isinstance(flows, dict) else {}


def _languages(table: Any) -> list[str]:
    """Those that a flow is written in; none when it does not say, or not as a list of names."""
    named = table.get(LANGUAGES) if isinstance(table, dict) else None
    return named if isinstance(named, list) and named and all(isinstance(each, str) and each for each in named) else []
