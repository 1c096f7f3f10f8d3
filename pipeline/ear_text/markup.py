"""Takes out what is for the eye: markdown, HTML tags, citations, emoji. Rule: each sign is judged where it stands.

A piece may hold the opening of something and not its end, so nothing needs to be balanced.
"""

import re
from collections.abc import Callable, Iterator

from pipeline.ear_text.trace import Change

_PICTURES = (
    "\u00a9\u00ae\u2122\u200b\u200d\u20e3\u2060\ufe0e\ufe0f\ufeff\u00ad\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_LINE = r"(?:^|(?<=\n))[ \t]*"
_RULE, _COLUMN = r"[ \t]*:?-{3,}:?[ \t]*", r"[ \t]*:?-+:?[ \t]*"
_COLUMNS = rf"{_RULE}(?:\|{_RULE})*\|?|\|{_COLUMN}(?:\|{_COLUMN})*\|?"
_MARKUP = re.compile(
    rf"(?P<fence>{_LINE}(?:```|~~~)[\w+-]*[ \t]*(?=\n|$))"
    rf"|(?P<rule>{_LINE}(?:{_COLUMNS}|\*{{3,}}|_{{3,}})[ \t]*(?=\n|$))"
    rf"|(?P<heading>{_LINE}#{{1,6}}[ \t]+)"
    rf"|(?P<quote>{_LINE}(?:>[ \t]?)+)"
    rf"|(?P<bullet>{_LINE}[-*+•‣◦–—][ \t]+(?:\[[ xX]\][ \t]+)?)"
    rf"|(?P<first_cell>{_LINE}\|[ \t]*)"
    r"|(?P<last_cell>[ \t]*\|[ \t]*(?=\n|$))"
    r"|(?P<cell>[ \t]*\|[ \t]*)"
    r"|(?P<citation>[ \t]?(?:\[\^?\d{1,3}\](?!\()|【[^】\n]*】))"
    r'|(?P<link>!?\[(?P<shown>[^\]\n]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:[ \t]+"[^"\n]*")?\))'
    r"|(?P<address><(?P<shown_address>(?:https?://|mailto:)?[^\s<>@:]+[@.:][^\s<>]+)>)"
    r"|(?P<tag></?[a-zA-Z][\w-]*(?:[ \t][^<>\n]*)?/?>)"
    r"|(?P<escape>\\(?=[\\`*_{}\[\]()#+.!|$~<>-]))"
    r"|(?P<stars>(?<!\d)\*+(?=\S)|(?<=\S)\*+(?!\d))"
    r"|(?P<lines>(?<![^\W_])_+(?=[^\W_])|(?<=\S)_+(?![^\W_])|_{2,}(?![^\W_]))"
    r"|(?P<ticks>`+|~~)"
    rf"|(?P<picture>^[{_PICTURES}]+[ \t]*|[ \t]?[{_PICTURES}]+)"
)
_SIGN = re.compile(rf"[*_`~#>|<\[\\•‣◦【{_PICTURES}]|(?:^|\n)[ \t]*[-+–—][ \t-]")


def without_markup(text: str) -> list[Change]:
    """What is taken out of a text, in order."""
    if _SIGN.search(text) is None:
        return []
    return [change for found in _MARKUP.finditer(text) for change in _changes(found)]


def _changes(found: re.Match[str]) -> Iterator[Change]:
    kind = found.lastgroup or ""
    if found["link"] is not None:
        yield from _link(found)
    elif found["address"] is not None:
        yield from _around(found, "shown_address")
    else:
        yield Change(found.start(), found.end(), _WORDS.get(kind, _nothing)(found))


def _link(found: re.Match[str]) -> Iterator[Change]:
    """A link is called by its text; one without is its address, and a picture without a text is nothing."""
    if found["shown"].strip():
        yield from _inside(found, "shown")
    elif found[0].startswith("!"):
        yield Change(found.start(), found.end(), "")
    else:
        yield from _around(found, "target")


def _inside(found: re.Match[str], group: str) -> Iterator[Change]:
    """Only what is inside stays, itself free of markup."""
    start, end = found.span(group)
    yield Change(found.start(), start, "")
    for change in without_markup(found[group]):
        yield Change(start + change.start, start + change.end, change.words)
    yield Change(end, found.end(), "")


def _around(found: re.Match[str], group: str) -> Iterator[Change]:
    """Only what is inside stays, as it is."""
    start, end = found.span(group)
    yield Change(found.start(), start, "")
    yield Change(end, found.end(), "")


def _nothing(found: re.Match[str]) -> str:
    return ""


_WORDS: dict[str, Callable[[re.Match[str]], str]] = {
    "cell": lambda _: ", ",
    "last_cell": lambda _: ".",
    "tag": lambda found: " " if found[0].lower().startswith("<br") else "",
    "picture": lambda found: " " if found.start() == 0 and found[0][:1] == " " else "",
}
