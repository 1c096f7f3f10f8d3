"""What a caller may say to one agent, made from phrases of its flow: a language model and a dictionary. Rule: pure.

Each phrase is also allowed in part, and with any other day, month, number, ordinal or time of day where it names one.
Every agent understands yes, no, thanks, a goodbye, a single digit, a listener and who interrupts besides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from pipeline.providers.sphinx.dictionary import dictionary_text, pronunciations
from pipeline.providers.sphinx.trigram import Trigram, Words
from pipeline.providers.sphinx.words import spoken_words
from pipeline.said_words import DIGITS, count_words, ordinal_words

PHRASE_WEIGHT = 10.0
VARIANTS_WEIGHT = 10.0
PART_WEIGHT = 2.0
ALONE_WEIGHT = 20.0
COURTESY_WEIGHT = 5.0
HUM_WEIGHT = 40.0
OPENER_WEIGHT = 0.5
DIGIT_RUN_WEIGHT = 0.02
DIGITS_IN_A_NUMBER = 3

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
DAY_PARTS = ("morning", "afternoon", "evening")
COURTESIES = (
    *("yes", "yes please", "yeah", "yes that's right", "that's right", "correct", "okay", "sure", "please"),
    *("no", "no thank you", "no thanks", "nope", "no that's wrong", "nothing else", "no that's all"),
    *("thank you", "thanks", "thank you very much", "thank you goodbye", "goodbye", "bye", "bye bye"),
    *("hello", "hi", "good morning", "good afternoon", "good evening", "help", "sorry", "pardon"),
    *("can you repeat that", "say that again", "wait a moment"),
    *("right", "i see", "got it", "all right", "of course", "great", "perfect", "makes sense", "okay great"),
    *("exactly", "absolutely", "understood", "i understand", "sounds good", "oh i see", "fine", "that's fine", "good"),
    *("cool", "nice", "wonderful", "no problem", "yep", "really", "that makes sense", "oh really", "oh"),
    *("stop", "wait", "wait stop", "hold on", "excuse me", "no no no"),
)
HUMS = ("uh-huh", "mm-hmm", "mm", "hmm", "yeah", "yeah yeah", "oh okay", "okay")
OPENERS = ("yes", "no", "okay", "hello", "hi", "please", "sorry")


@dataclass(frozen=True, slots=True)
class Domain:
    """A recogniser's language: an ARPA trigram and the dictionary of exactly its words."""

    arpa: str
    dictionary: str
    words: frozenset[str]


@cache
def _classes() -> tuple[tuple[Words, ...], ...]:
    """What may stand for one another: times of day, ordinals, numbers, days, months and parts of a day."""
    minutes = (("oh", "five"), *(count_words(minute) for minute in range(10, 60, 5)))
    return (
        tuple((*count_words(hour), *minute) for hour in range(1, 13) for minute in minutes),
        tuple(ordinal_words(number) for number in range(1, 32)),
        tuple(count_words(number) for number in range(1, 32)),
        tuple((day,) for day in DAYS),
        tuple((month,) for month in MONTHS),
        tuple((part,) for part in DAY_PARTS),
    )


def phrases_of(prompt: str) -> tuple[Words, ...]:
    """The spoken phrases of a transcription prompt, one per line, without empty ones and repetitions."""
    phrases = (spoken_words(line) for line in prompt.splitlines())
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def domain_of(prompt: str, lines: Iterable[str]) -> Domain:
    """The language of an agent; `lines` are a dictionary's. Raises UnpronounceableError with all that have no sound."""
    phrases = phrases_of(prompt)
    courtesies = [spoken_words(courtesy) for courtesy in COURTESIES]
    sentences = [(phrase, PHRASE_WEIGHT) for phrase in phrases]
    sentences += [(words, COURTESY_WEIGHT) for words in courtesies]
    sentences += [(spoken_words(hum), HUM_WEIGHT) for hum in HUMS]
    sentences += [((digit,), 1.0) for digit in DIGITS]
    for members in _classes_named(phrases):
        sentences += _shared(members, ALONE_WEIGHT)
    for phrase in phrases:
        sentences += _shared(_variants(phrase), VARIANTS_WEIGHT)
        sentences += _shared(_parts(phrase), PART_WEIGHT)
    runs = [((opener, *phrase[:2]), OPENER_WEIGHT) for phrase in phrases for opener in OPENERS]
    if any(_names_a_number(phrase) for phrase in phrases):
        runs += [((a, b, c), DIGIT_RUN_WEIGHT) for a in DIGITS for b in DIGITS for c in DIGITS]
    model = Trigram(sentences, runs)
    words = frozenset(model.vocabulary) - {"</s>"}
    return Domain(model.arpa(), dictionary_text(pronunciations(sorted(words), lines)), words)


def _shared(sentences: Iterable[Words], weight: float) -> list[tuple[Words, float]]:
    listed = list(sentences)
    return [(sentence, weight / len(listed)) for sentence in listed]


def _variants(phrase: Words) -> Iterator[Words]:
    """The phrase with another member of the same class at one place."""
    at = 0
    while at < len(phrase):
        found = _member_at(phrase, at)
        if found is None:
            at += 1
            continue
        size, members = found
        for member in members:
            yield (*phrase[:at], *member, *phrase[at + size :])
        at += size


def _classes_named(phrases: Iterable[Words]) -> list[tuple[Words, ...]]:
    """The classes of which some phrase names a member: a caller may answer with any other alone."""
    found = (_member_at(phrase, at) for phrase in phrases for at in range(len(phrase)))
    return list(dict.fromkeys(one[1] for one in found if one is not None))


def _member_at(phrase: Words, at: int) -> tuple[int, tuple[Words, ...]] | None:
    """The longest class member that begins here, as its length and its class."""
    found = [
        (len(member), members)
        for members in _classes()
        for member in members
        if phrase[at : at + len(member)] == member
    ]
    return max(found, key=lambda one: one[0], default=None)


def _parts(phrase: Words) -> list[Words]:
    """Every two or more words in a row, short of the whole phrase."""
    count = len(phrase)
    return [
        phrase[first:last] for first in range(count) for last in range(first + 2, count + 1) if last - first < count
    ]


def _names_a_number(phrase: Words) -> bool:
    """True when digits follow one another as in a telephone number."""
    return any(
        all(word in DIGITS for word in phrase[at : at + DIGITS_IN_A_NUMBER])
        for at in range(len(phrase) - DIGITS_IN_A_NUMBER + 1)
    )
