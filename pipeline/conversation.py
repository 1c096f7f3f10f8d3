"""The items of one conversation; what was said and what was heard. Rule: items are values.

An agent's message is spoken in pieces. When it is cut, the words that the caller heard stay: whole pieces that left,
and of the piece under way the share of words that its played time covers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from pipeline.ear_text import EarText
from pipeline.providers import FunctionCall, FunctionOutput, Message, Reached, Turn
from pipeline.realtime.items import (
    Content,
    FunctionCallItem,
    FunctionOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
)
from pipeline.signals import Ids

FIRST: Final = "root"
"""In place of an item's id: before all items."""


@dataclass(slots=True)
class SpokenPiece:
    """A piece of an agent's message, the audio made of it so far, and what the voice told of its words' times.

    `ear` is what the voice was given for `text`, None when it was the text itself; `reached` counts what it was given.
    """

    text: str
    audio_ms: float = 0.0
    done: bool = False
    reached: list[Reached] = field(default_factory=list)
    ear: EarText | None = None

    @property
    def said(self) -> str:
        """What the voice says."""
        return self.text if self.ear is None else self.ear.said

    @property
    def speakable(self) -> bool:
        """True when there is anything to say."""
        return any(letter.isalnum() for letter in self.said)

    def written(self, chars: int) -> str:
        """The text that the first `chars` of what the voice says stand for."""
        return self.text[: chars if self.ear is None else self.ear.written(chars)]

    def break_off(self) -> None:
        """No more audio will come: the words that were made are all of it."""
        text = heard_share(self, self.audio_ms)
        self.reached = [Reached(len(self.written(word.chars)), word.audio_ms) for word in self.reached]
        self.text, self.ear, self.done = text, None, True


def heard_text(pieces: list[SpokenPiece], heard_ms: int) -> str:
    """The words of the pieces that fit into the time heard."""
    words: list[str] = []
    left_ms = float(heard_ms)
    for piece in pieces:
        if left_ms <= 0:
            break
        words.append(heard_share(piece, left_ms))
        left_ms -= piece.audio_ms
    return "".join(words).strip()


def heard_share(piece: SpokenPiece, heard_ms: float) -> str:
    """The words of a piece that fit into so much of its audio, with the white space before them."""
    if piece.done and heard_ms >= piece.audio_ms - 1:
        return piece.text
    if piece.reached:
        return piece.written(max((word.chars for word in piece.reached if word.audio_ms <= heard_ms), default=0))
    # A piece whose audio is still being made is longer than it looks: 15 characters take about a second.
    whole_ms = piece.audio_ms if piece.done else max(piece.audio_ms, len(piece.said) * 1_000 / 15)
    letters = len(piece.said) * min(heard_ms, piece.audio_ms) / whole_ms if whole_ms else 0.0
    cut = ""
    for word in piece.said.split(" "):
        grown = f"{cut} {word}" if cut else word
        if len(grown) > letters:
            break
        cut = grown
    chars = len(cut) + (1 if cut and piece.said.startswith(" ") else 0)
    return piece.written(chars)


@dataclass(slots=True)
class _Speech:
    """What is spoken of an agent's item; `cut_ms` is how much of it was heard, if not all."""

    response_id: str
    pieces: list[SpokenPiece]
    cut_ms: int | None = None
    estimated: bool = False


class Conversation:
    """Items in order."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._noise: set[str] = set()
        self._speech: dict[str, _Speech] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __reversed__(self) -> Iterator[Item]:
        return reversed(self._items.values())

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def own_ids(self, ids: Ids) -> Ids:
        """The same ids without those that a client gave to an item of its own."""

        def draw(kind: str) -> str:
            drawn = ids(kind)
            while drawn in self._items:
                drawn = ids(kind)
            return drawn

        return draw

    def get(self, item_id: str) -> Item | None:
        """One item."""
        return self._items.get(item_id)

    def append(self, item: Item) -> str | None:
        """Add an item; returns the id of the one before it."""
        previous = next(reversed(self._items), None)
        self._items[item.id] = item
        return previous

    def insert(self, item: Item, after: str | None) -> str | None:
        """Add an item after that one, FIRST or (None) last; returns the id of the one before it."""
        if after is None:
            return self.append(item)
        place = 0 if after == FIRST else 1 + list(self._items).index(after)
        items = list(self._items.items())
        items.insert(place, (item.id, item))
        self._items = dict(items)
        return items[place - 1][0] if place else None

    def delete(self, item_id: str) -> None:
        """Forget an item."""
        del self._items[item_id]
        self._speech.pop(item_id, None)
        self._noise.discard(item_id)

    def put(self, item: Item) -> None:
        """Replace an item that is there; of what the agent said, that stays which was heard."""
        if item.id not in self._items:
            return
        speech = self._speech.get(item.id)
        if speech is not None and speech.cut_ms is not None and isinstance(item, MessageItem):
            words = heard_text(speech.pieces, speech.cut_ms)
            item = replace(item, content=(OutputAudio(words),), status="incomplete")
        self._items[item.id] = item

    def hears(self, item_id: str, transcript: str) -> None:
        """The caller's item gets its words."""
        item = self._items.get(item_id)
        if isinstance(item, MessageItem):
            self.put(replace(item, content=(InputAudio(transcript),)))

    def supposing(self, item_id: str, transcript: str) -> "Conversation":
        """What would be if the caller's item had these words; it comes last if it is still to come."""
        other = Conversation()
        other._items = {**self._items, item_id: MessageItem(id=item_id, role="user", content=(InputAudio(transcript),))}
        other._noise = set(self._noise)
        return other

    def disregard(self, item_id: str) -> None:
        """The caller's item was noise: it stays an item and is no turn."""
        self._noise.add(item_id)

    def speaks(self, item_id: str, response_id: str, pieces: list[SpokenPiece]) -> None:
        """The agent's item is spoken; its pieces grow while it is."""
        self._speech[item_id] = _Speech(response_id, pieces)

    def cut(self, item_id: str, heard_ms: int, *, estimated: bool = False) -> int | None:
        """Keep of the agent's item what was heard; returns where it is cut now, None when it is not spoken.

        What is cut stays cut; only an estimate gives way to one who knows, and to nobody else.
        """
        speech = self._speech.get(item_id)
        if speech is None:
            return None
        cut_ms = min(heard_ms, int(sum(piece.audio_ms for piece in speech.pieces)))
        if speech.cut_ms is not None:
            if estimated and not speech.estimated:
                return speech.cut_ms
            if estimated == speech.estimated:
                cut_ms = min(cut_ms, speech.cut_ms)
        speech.cut_ms, speech.estimated = cut_ms, estimated
        self.put(self._items[item_id])
        return cut_ms

    def spoken(self, item_id: str) -> tuple[str, int] | None:
        """The response that speaks the agent's item, and how much of it there is to hear."""
        speech = self._speech.get(item_id)
        if speech is None:
            return None
        made_ms = int(sum(piece.audio_ms for piece in speech.pieces))
        return speech.response_id, made_ms if speech.cut_ms is None else speech.cut_ms

    def has_call(self, call_id: str) -> bool:
        """True when an item calls a function by this id."""
        return any(isinstance(item, FunctionCallItem) and item.call_id == call_id for item in self._items.values())

    def turns(self) -> tuple[Turn, ...]:
        """What a language model is given. An agent's item of which nothing was heard is left out, and so is noise."""
        return turns_of(item for item_id, item in self._items.items() if item_id not in self._noise)


def turns_of(items: Iterable[Item]) -> tuple[Turn, ...]:
    """These items as a language model is given them."""
    return tuple(turn for item in items if (turn := _turn(item)) is not None)


def _turn(item: Item) -> Turn | None:
    match item:
        case MessageItem(role=role, content=content):
            text = " ".join(words for part in content if (words := _words(part)))
            return Message(role, text) if text or role == "user" else None
        case FunctionCallItem(call_id=call_id, name=name, arguments=arguments):
            return FunctionCall(call_id, name, arguments)
        case FunctionOutputItem(call_id=call_id, output=output):
            return FunctionOutput(call_id, output)
        case _:
            return None


def _words(part: Content) -> str:
    match part:
        case InputText(text=text):
            return text
        case OutputText(text=text):
            return text.strip()
        case InputAudio(transcript=transcript):
            return transcript or ""
        case OutputAudio(transcript=transcript):
            return transcript.strip()
        case InputImage():
            return ""
