"""What is telling about an utterance that may be over. Rule: a feature is a name; what can be counted has an amount."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from pipeline.turn_words.endings import levels
from pipeline.turn_words.grammar import Grammar

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*'?")
_MARK = re.compile(r"(\.\.\.|…|[.?!,-])\W*$")
_MANY = 4_096
_NEAR = 4
_NUMBER = "#"
_CONTENT = frozenset(("", "v", "w", "g", "i", "k"))
_VERBAL = frozenset("sxvw")
_AT_THE_FRONT = frozenset("fyc")
_INSIDE = frozenset("bqs")


def words_in(text: str) -> list[str]:
    """The words as they are looked up."""
    return _WORD.findall(text.lower().replace("’", "'"))


def features(text: str, said: list[str], spoken: Grammar, language: str) -> dict[str, float]:
    """The features of a text, of which these are the words, at least one."""
    kinds = [spoken.kinds_of(word) for word in said]
    found = dict.fromkeys(_names(text, said, kinds, spoken), 1.0)
    found |= dict.fromkeys((f"{language} {name}" for name in _own_words(said, kinds, spoken)), 1.0)
    if language == "en" and "n" not in kinds[-1]:
        found["level of one"], found["level of two"] = levels(said)
    return found


def _own_words(said: list[str], kinds: list[str], spoken: Grammar) -> Iterator[str]:
    """What the words of a language tell by themselves, by where they stand and what the others are."""
    first, last = said[0], said[-1]
    yield f"{first} to {kinds[-1][:2] or '-'}"
    yield f"{first} of {min(len(said), 6)}"
    if _is_telling(first, spoken):
        yield f"begins with {first}"
    if _is_telling(last, spoken):
        yield f"ends in {last}"
    yield from (f"ending {last[-letters:]}" for letters in (2, 3))
    names = [_NUMBER if "n" in kind else word for word, kind in zip(said, kinds, strict=True)]
    yield from (f"near {word}" for word in names[-_NEAR:-1])
    yield from (f"far {word}" for word in names[:-_NEAR])


def _is_telling(word: str, spoken: Grammar) -> bool:
    """Whether a word tells something by itself; one number is as good as another."""
    return spoken.kinds.get(word, "n") != "n"


def _names(text: str, said: list[str], kinds: list[str], spoken: Grammar) -> Iterator[str]:
    mark = _MARK.search(text)
    content = sum(kind in _CONTENT for kind in kinds)
    yield "always"
    yield f"mark {mark[1] if mark else 'none'}"
    yield from _ending(kinds[-2] if len(kinds) > 1 else "^", kinds[-1])
    yield from _size(len(kinds), content)
    if "f" in kinds[-2:]:
        yield "filler"
    if spoken.holds_the_floor(said):
        yield "holding"
    if any("m" in kind for kind in kinds[:-1]):
        yield f"infinitive {said[-1].endswith(spoken.infinitives) and len(said[-1]) > 3}"
    short = [kind[:2] or "-" for kind in kinds]
    yield from (f"run {' '.join(run)}" for run in (*pairwise(short), *zip(short, short[1:], short[2:], strict=False)))
    core = _core(kinds)
    yield from _opening(core[0], core[-1] if len(core) > 2 else None)
    yield from _clauses(core, led=len(kinds) > len(core))


@lru_cache(maxsize=_MANY)
def _ending(before: str, last: str) -> tuple[str, ...]:
    one, two = before or "-", last or "-"
    pairs = (f"pair {each}{end}" for each in one for end in two)
    return (*(f"last {kind}" for kind in two), *(f"before {kind}" for kind in one), *pairs)


@lru_cache(maxsize=_MANY)
def _size(length: int, content: int) -> tuple[str, str]:
    size = length if length < 4 else 4 if length < 6 else 6 if length < 10 else 10
    return f"words {size}", f"open {min(content, 3)}"


@lru_cache(maxsize=_MANY)
def _opening(first: str, last: str | None) -> tuple[str, ...]:
    one = first or "-"
    spans = () if last is None else (f"span {kind}{end}" for kind in one for end in last or "-")
    return (*(f"first {kind}" for kind in one), *spans)


@lru_cache(maxsize=_MANY)
def _each(name: str, kind: str) -> tuple[str, ...]:
    return tuple(f"{name} {letter}" for letter in kind or "-")


def _core(kinds: list[str]) -> list[str]:
    """Without what only leads into a sentence."""
    at = 0
    while at < len(kinds) - 1 and kinds[at] and _AT_THE_FRONT.issuperset(kinds[at]):
        at += 1
    return kinds[at:]


def _clauses(core: list[str], *, led: bool) -> Iterator[str]:
    clauses, length = _groups(core), min(len(core), 4)
    yield f"clauses {min(clauses, 3)}"
    if not clauses:
        yield f"no clause, first {core[0][:1] or '-'}, words {length}"
    if _subordinate(core):
        yield f"condition {min(clauses, 2)}, words {length}"
    if core[0][:1] in ("a", "q") and any(not _INSIDE.isdisjoint(kind) for kind in core[2:5]):
        yield f"relative {min(clauses, 2)}"
    if len(core) == 2 and "s" in core[0] and "x" in core[1]:
        yield f"reply {led}"
    if gap := _gap(core):
        yield from _each(gap, core[-1])
    if any("b" in kind or "q" in kind for kind in core[1:-2]):
        yield from _each("inner", core[-1])
    if len(core) > 3 and not core[-1] and not core[-3] and ("a" in core[-2] or "n" in core[-2]):
        yield "enumeration"


def _subordinate(core: list[str]) -> bool:
    """Whether it begins with a condition, a reason or a time that a main clause has to follow."""
    if "b" in core[0]:
        return not ("q" in core[0] and len(core) > 1 and "x" in core[1] and "s" not in core[1])
    return core[0][:1] in ("l", "p", "a") and len(core) > 2 and ("b" in core[1] or "b" in core[2])


def _groups(core: list[str]) -> int:
    """How often a subject, an auxiliary or a known verb begins a clause."""
    found, inside = 0, False
    for kind in core:
        verbal = not _VERBAL.isdisjoint(kind)
        found += verbal and not inside
        inside = verbal
    return found


def _gap(core: list[str]) -> str:
    """What stood before that may belong to the last word: `who ... to`, `what I ... about`, `the one I ... about`."""
    if "q" in core[0] and len(core) > 2 and "x" in core[1] + core[2]:
        return "asked"
    for one, two in pairwise(core[1:-1]):
        if "q" in one and "b" not in two:
            return "inner question"
        if (not one or "o" in one) and "s" in two:
            return "relative"
    return ""
