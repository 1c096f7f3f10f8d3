"""How words sound: pocketsphinx's dictionary, and rules for words it lacks. Rule: pure; what has no sound is refused.

A word that the dictionary lacks is, in this order: a known word with a plural or possessive ending, two known words
written together, or spelled out by letter-to-sound rules. A word with letters outside a-z has no pronunciation.
"""

import re
from collections.abc import Iterable, Mapping

Pronunciations = Mapping[str, tuple[str, ...]]

SHORTEST_PART = 3
SAYABLE = re.compile(r"[a-z]+(?:'[a-z]+)*")
HISSING = ("S", "Z", "SH", "ZH", "CH", "JH")
VOICELESS = ("P", "T", "K", "F", "TH")

SOUNDS = {
    "tion": "SH AH N",
    "sion": "ZH AH N",
    "ture": "CH ER",
    "ough": "AO",
    "augh": "AO",
    "eigh": "EY",
    "igh": "AY",
    "tch": "CH",
    "dge": "JH",
    "sch": "SH",
    "air": "EH R",
    "ear": "IH R",
    "eer": "IH R",
    "our": "AO R",
    "oor": "AO R",
    "ous": "AH S",
    "que": "K",
    "ing": "IH NG",
    "all": "AO L",
    "ch": "CH",
    "sh": "SH",
    "th": "TH",
    "ph": "F",
    "wh": "W",
    "ck": "K",
    "ng": "NG",
    "qu": "K W",
    "gh": "G",
    "kn": "N",
    "wr": "R",
    "ps": "P S",
    "ee": "IY",
    "ea": "IY",
    "ie": "IY",
    "ei": "EY",
    "ey": "IY",
    "ai": "EY",
    "ay": "EY",
    "oa": "OW",
    "oe": "OW",
    "oi": "OY",
    "oy": "OY",
    "oo": "UW",
    "ou": "AW",
    "ow": "OW",
    "ue": "UW",
    "ui": "UW",
    "ew": "UW",
    "au": "AO",
    "aw": "AO",
    "ar": "AA R",
    "er": "ER",
    "ir": "ER",
    "ur": "ER",
    "or": "AO R",
    "ce": "S",
    "ci": "S IH",
    "cy": "S IY",
    "ge": "JH",
    "gy": "JH IY",
    "bb": "B",
    "cc": "K",
    "dd": "D",
    "ff": "F",
    "gg": "G",
    "ll": "L",
    "mm": "M",
    "nn": "N",
    "pp": "P",
    "rr": "R",
    "ss": "S",
    "tt": "T",
    "zz": "Z",
    "a": "AE",
    "b": "B",
    "c": "K",
    "d": "D",
    "e": "EH",
    "f": "F",
    "g": "G",
    "h": "HH",
    "i": "IH",
    "j": "JH",
    "k": "K",
    "l": "L",
    "m": "M",
    "n": "N",
    "o": "AA",
    "p": "P",
    "q": "K",
    "r": "R",
    "s": "S",
    "t": "T",
    "u": "AH",
    "v": "V",
    "w": "W",
    "x": "K S",
    "y": "IY",
    "z": "Z",
}
LONG_VOWELS = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
FINAL_VOWELS = {"a": "AH", "i": "IY", "o": "OW", "u": "UW", "y": "IY"}


class UnpronounceableError(ValueError):
    """Words that cannot be said in English, in the order they were met."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__("no pronunciation for: " + ", ".join(words))
        self.words = words


def pronunciations(words: Iterable[str], lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each word's pronunciations, the usual one first; `lines` are `word PH PH` or `word(2) PH PH`.

    Raises UnpronounceableError with all words that have none.
    """
    wanted = tuple(dict.fromkeys(words))
    missing = tuple(word for word in wanted if not SAYABLE.fullmatch(word))
    if missing:
        raise UnpronounceableError(missing)
    known = _found({part for word in wanted for part in (word, *_parts(word))}, lines)
    return {word: known.get(word) or _made(word, known) for word in wanted}


def _parts(word: str) -> list[str]:
    """Every beginning and end of a word that may be a word itself."""
    cuts = range(1, len(word))
    return [word[:cut] for cut in cuts] + [word[cut:] for cut in cuts]


def _found(wanted: set[str], lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        head, _, phones = line.partition(" ")
        word = head.partition("(")[0]
        if word in wanted:
            found[word] = (*found.get(word, ()), phones.strip())
    return found


def _made(word: str, known: Pronunciations) -> tuple[str, ...]:
    for ending in ("'s", "s'", "es", "s"):
        stem = word.removesuffix(ending)
        if stem != word and stem in known:
            return tuple(f"{phones} {_plural(phones)}" for phones in known[stem])
    for cut in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        left, right = word[:cut], word[cut:]
        if left in known and right in known:
            return (f"{known[left][0]} {known[right][0]}",)
    return (spelled(word),)


def _plural(phones: str) -> str:
    last = phones.rpartition(" ")[2]
    return "IH Z" if last in HISSING else "S" if last in VOICELESS else "Z"


def spelled(word: str) -> str:
    """A pronunciation by letter-to-sound rules: longest spelling first, a silent final e makes its vowel long."""
    letters = word.replace("'", "")
    magic = re.fullmatch(r"(.*)([aeiou])([bcdfgklmnpstvz])e", letters)
    phones: list[str] = []
    at = 0
    end = len(letters) - 1 if magic else len(letters)
    while at < end:
        if magic and at == end - 2:
            phones.append(LONG_VOWELS[letters[at]])
            at += 1
        elif at == end - 1 and at > 0 and letters[at] in FINAL_VOWELS and letters[at - 1] not in LONG_VOWELS:
            phones.append(FINAL_VOWELS[letters[at]])
            at += 1
        else:
            size = next(size for size in (4, 3, 2, 1) if letters[at : min(at + size, end)] in SOUNDS)
            phones.append(SOUNDS[letters[at : min(at + size, end)]])
            at += min(size, end - at)
    return " ".join(phones)


def dictionary_text(sounds: Pronunciations) -> str:
    """The cut dictionary as pocketsphinx reads it."""
    lines = [
        f"{word if nth == 0 else f'{word}({nth + 1})'} {phones}"
        for word in sorted(sounds)
        for nth, phones in enumerate(sounds[word])
    ]
    return "\n".join(lines) + "\n"
