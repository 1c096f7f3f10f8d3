"""What a caller's words mean to a flow: which rule, which slots. Rule: the best match wins, ties go by order.

Words are compared in lower case without punctuation, numbers spelled out. A rule scores by what it found:

- digits pressed as the rule's `digits`: nothing beats it;
- `pattern` found: 3;
- each of the `keywords` found: its number of words;
- the example among `says` that fits best: (telling words found)^2 / (telling words in it). Telling words are those
  that say something; where an example has none, all its words count.

Below 1 a rule is not meant. Half of the telling words of a long example are enough: a recogniser's slips do no harm.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.entities.figures import runs, tokens
from pipeline.entities.vocabulary import VOCABULARIES
from pipeline.flow import REFERENCE, Flow, KeyPath, Rule, Slot
from pipeline.said_words import DIGITS, Words, said_words

NEEDED = 1.0
PATTERN_SCORE = 3.0
DIGITS_SCORE = 1_000.0
DIGITS_PRESSED = re.compile(r"\[digits: ([0-9*#A-D]+)\]")

# fmt: off
FILLERS = frozenset((
    "a", "about", "am", "an", "and", "any", "are", "at", "be", "by", "can", "could", "did", "do", "does", "er",
    "erm", "for", "get", "got", "had", "has", "have", "hello", "hi", "how", "i", "i'd", "i'll", "i'm", "if", "in",
    "is", "it", "it's", "just", "let", "let's", "like", "may", "me", "might", "my", "need", "now", "of", "oh",
    "on", "or", "our", "please", "shall", "should", "so", "some", "that", "that's", "the", "then", "there",
    "this", "to", "uh", "um", "us", "want", "wanted", "we", "we'd", "well", "what", "what's", "will", "with",
    "would", "you", "your",
))
# fmt: on


def words_of(text: str) -> Words:
    """The words of a text as they are compared: `At 7:30 pm!` gives `at seven thirty pm`, 7:00 only `seven`."""
    return said_words(text, full_hour=())


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance or one entry of digits; digits can also be read as words, each digit one.

    `before` are the figures that the caller gave just before, in messages that had nothing else in them.
    """

    words: Words
    digits: str = ""
    before: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """The figures that were pressed, or those said one after the other in any language that is known."""
        if self.digits:
            return (self.digits,)
        said = " ".join(self.words)
        return tuple(run.figures for name in VOCABULARIES for run in runs(tokens(said, name), name))

    @property
    def figures(self) -> str:
        """All of it, if it is nothing but figures."""
        said = " ".join(self.words)
        found = (runs(tokens(said, name), name) for name in VOCABULARIES)
        whole = (each[0] for each in found if len(each) == 1 and (each[0].begins, each[0].ends) == (0, len(self.words)))
        return self.digits or next((run.figures for run in whole), "")

    @property
    def text(self) -> str:
        """The words in one line, for patterns."""
        return " ".join(self.words)


def heard(text: str) -> Heard:
    """A caller's message, spoken or pressed."""
    pressed = DIGITS_PRESSED.fullmatch(text.strip())
    if pressed is None:
        return Heard(words_of(text))
    digits = pressed[1]
    return Heard(tuple(DIGITS[int(digit)] for digit in digits if digit.isdecimal()), digits)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to name a value of a slot; a bare one has nothing around the value."""

    words: Words
    slot: str
    value: str
    bare: bool


def forms_of(name: str, slot: Slot) -> Iterator[Form]:
    """Every form of a slot's values, bare and framed."""
    for form, value in slot.forms():
        yield Form(words_of(form), name, value, True)
        for frame in slot.frames:
            yield Form(words_of(frame.replace("{}", form)), name, value, False)


@dataclass(frozen=True, slots=True)
class _Example:
    telling: frozenset[str]
    slots: frozenset[str]

    def score(self, words: frozenset[str], mentioned: frozenset[str]) -> float:
        found = len(self.telling & words) + len(self.slots & mentioned)
        return (
            found * found / (len(self.telling) + len(self.slots)) if self.telling & words or not self.telling else 0.0
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A rule, how well it fits, and what its pattern named. `everywhere`: it is the flow's, not one state's."""

    rule: Rule
    key: str
    everywhere: bool
    score: float
    slots: Mapping[str, str] = field(default_factory=dict)


class Reading:
    """One rule made ready for matching."""

    def __init__(self, path: KeyPath, rule: Rule) -> None:
        self._rule = rule
        self._key = ".".join(map(str, path))
        self._everywhere = path[0] == "when"
        self._keywords = tuple(words_of(keyword) for keyword in rule.keywords)
        self._examples = tuple(_example(said) for said in rule.says)
        self._pattern = re.compile(rule.pattern) if rule.pattern else None

    def match(self, said: Heard, mentioned: frozenset[str]) -> Match:
        """How well this utterance, which mentions these slots, fits the rule."""
        if said.digits:
            return self._match(DIGITS_SCORE if said.digits == self._rule.digits else 0.0)
        found = self._pattern.search(said.text) if self._pattern else None
        words = frozenset(said.words)
        score = sum(len(keyword) for keyword in self._keywords if _contains(said.words, keyword))
        best = max((example.score(words, mentioned) for example in self._examples), default=0.0)
        named = {name: value for name, value in found.groupdict().items() if value} if found else {}
        return self._match(score + best + (PATTERN_SCORE if found else 0.0), named)

    def _match(self, score: float, named: Mapping[str, str] | None = None) -> Match:
        return Match(self._rule, self._key, self._everywhere, score, named or {})


def _example(said: str) -> _Example:
    slots = frozenset(REFERENCE.findall(said))
    words = frozenset(words_of(REFERENCE.sub(" ", said)))
    return _Example(words - FILLERS or (frozenset() if slots else words), slots)


def _contains(words: Words, phrase: Words) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words) - len(phrase) + 1))


class Understanding:
    """A flow made ready for listening."""

    def __init__(self, flow: Flow) -> None:
        readings = [(path, Reading(path, rule)) for path, rule in flow.rules()]
        self._everywhere = [reading for path, reading in readings if path[0] == "when"]
        self._states = {
            name: [reading for path, reading in readings if path[:2] == ("states", name)] for name in flow.states
        }
        self._slots = tuple(flow.slots)
        self._entries = {name: slot.lengths for name, slot in flow.slots.items() if slot.digits}
        self._forms: dict[str, list[Form]] = {}
        for name, slot in flow.slots.items():
            for form in forms_of(name, slot):
                self._forms.setdefault(form.words[0] if form.words else "", []).append(form)

    def best_rule(self, said: Heard, state: str) -> Match | None:
        """The rule of this state, or of the flow, that fits best; None when none is meant."""
        mentioned = frozenset(self.slots_in(said, self._slots, ""))
        matches = [reading.match(said, mentioned) for reading in (*self._states[state], *self._everywhere)]
        best = max(matches, key=lambda match: match.score, default=None)
        return best if best and best.score >= NEEDED else None

    def slots_in(self, said: Heard, wanted: tuple[str, ...], asked: str) -> dict[str, str]:
        """Values that the words give to the wanted slots: the longest form first, of equal ones the slot asked for.

        A bare form that fits two of the slots counts only for the one asked for. Said twice, a slot takes what was
        said last.
        """
        places = [
            (at, form)
            for at, word in enumerate(said.words)
            for form in self._forms.get(word, ())
            if form.slot in wanted and said.words[at : at + len(form.words)] == form.words
        ]
        bare = Counter((at, form.words) for at, form in places if form.bare)
        order = {name: nth for nth, name in enumerate(dict.fromkeys((asked, *wanted)))}
        taken: set[int] = set()
        found: list[tuple[int, Form]] = []
        for at, form in sorted(places, key=lambda place: (-len(place[1].words), order[place[1].slot], place[0])):
            span = range(at, at + len(form.words))
            unclear = form.bare and form.slot != asked and bare[at, form.words] > 1
            if not unclear and taken.isdisjoint(span):
                taken.update(span)
                found.append((at, form))
        values = {form.slot: form.value for _, form in sorted(found, key=lambda place: place[0])}
        return {**values, **self._entries_in(said, wanted)}

    def _entries_in(self, said: Heard, wanted: tuple[str, ...]) -> dict[str, str]:
        """Digits that were pressed, or said one after the other, as many as a wanted slot takes, or in two goes."""
        joined = said.before + said.figures if said.before and said.figures else ""
        entered = (joined, *sorted(said.entries, key=len, reverse=True))
        lengths = {name: self._entries[name] for name in wanted if name in self._entries}
        found = ((name, next((each for each in entered if len(each) in fits), "")) for name, fits in lengths.items())
        return {name: value for name, value in found if value}
