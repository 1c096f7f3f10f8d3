"""Every key of a TOML text is found on its line."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.faults import FaultyError
from telephony.toml_text import KeyPath, dotted, parse

TEXT = '''\
# a dialplan, as people write them
title = "one"   # [not.a.table]

[agents.reception]
model = "scripted/reception"
instructions = """
You are [kind].
name = "not a key"
"""
audio.output.speed = 1.1

[agents."front desk".audio]
output = { voice = "slt", format = { type = "audio/pcm" } }

[[route]]
did = '100]'
allow = [
  "hang_up",  # ]
  "transfer",
]

[[route]]
did = "*"
[[route.times]]
from = 08:00:00
[[route.times]]
from = 12:00:00
tools = [
  { name = "a" },
  { name = "b", twice = 1 }]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("agents",), 4),
        (("agents", "reception"), 4),
        (("agents", "reception", "model"), 5),
        (("agents", "reception", "instructions"), 6),
        (("agents", "reception", "audio"), 10),
        (("agents", "reception", "audio", "output", "speed"), 10),
        (("agents", "front desk", "audio"), 12),
        (("agents", "front desk", "audio", "output", "format", "type"), 13),
        (("route", 0), 15),
        (("route", 0, "did"), 16),
        (("route", 0, "allow", 0), 18),
        (("route", 0, "allow", 1), 19),
        (("route", 1), 22),
        (("route", 1, "did"), 23),
        (("route", 1, "times", 0, "from"), 25),
        (("route", 1, "times", 1, "from"), 27),
        (("route", 1, "times", 1, "tools", 0, "name"), 29),
        (("route", 1, "times", 1, "tools", 1, "twice"), 30),
    ],
)
def test_each_key_is_on_its_line(path: KeyPath, line: int) -> None:
    assert parse(TEXT, "dialplan.toml").lines[path] == line


def test_a_key_that_is_not_written_down_is_found_at_what_is_around_it() -> None:
    assert parse(TEXT, "dialplan.toml").line(("route", 1, "agent", "x")) == 22


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ('a = """\nnever closed\n', 3), ("[a\n", 1)],
)
def test_a_text_that_is_not_toml_says_where(text: str, line: int) -> None:
    with pytest.raises(FaultyError) as error:
        parse(text, "x.toml")
    assert [(fault.file, fault.line) for fault in error.value.faults] == [("x.toml", line)]


def test_paths_are_written_as_people_count() -> None:
    assert dotted(("route", 0, "allow", 1)) == "route[1].allow[2]"


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=6)
LEAVES = st.one_of(st.integers(-9, 9), st.booleans(), st.text(st.sampled_from("a\"'\\#[]{}=,.\n "), max_size=8))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


def quoted(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return quoted(value)
        case list():
            return "[\n" + ",\n# ]\n".join(written(item) for item in value) + "\n]"
        case _:
            return "{" + ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items()) + "}"


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return {path}.union(*(paths_of(item, (*path, key)) for key, item in inner))


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_tomllib_reads_has_lines(table: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
    assert tomllib.loads(text) == table

    found = parse(text, "any.toml")

    assert set(found.lines) == paths_of(table) - {()}
