"""The events of items, in the order that Realtime clients rely on. Rule: it writes down, nothing more."""

from msgspec.structs import replace

from pipeline.realtime.events import (
    ContentPartAdded,
    ContentPartDone,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    ItemAdded,
    ItemDone,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
)
from pipeline.realtime.items import FunctionCallItem, Item, MessageItem, Part
from pipeline.signals import Ids, Output


def whole_item(ids: Ids, item: Item, previous: str | None) -> list[Output]:
    """An item that is complete when it enters the conversation."""
    return [
        ItemAdded(event_id=ids("event"), item=item, previous_item_id=previous),
        ItemDone(event_id=ids("event"), item=item, previous_item_id=previous),
    ]


class WireOrder:
    """Writes the events of one response; `audio` says whether its words are spoken or written.

    Only what is said `within` the conversation is announced as its items.
    """

    def __init__(self, ids: Ids, response_id: str, *, audio: bool, within: bool = True) -> None:
        self._ids = ids
        self._within = within
        self._response_id = response_id
        self._audio = audio

    def message_begins(self, item: MessageItem, index: int, previous: str | None) -> list[Output]:
        """The message item and its one part, before the first words."""
        event, response_id = self._ids, self._response_id
        part = Part("audio", transcript="") if self._audio else Part("text", text="")
        return [
            OutputItemAdded(event_id=event("event"), response_id=response_id, output_index=index, item=item),
            *self._added(item, previous),
            ContentPartAdded(
                event_id=event("event"), response_id=response_id, item_id=item.id, output_index=index, part=part
            ),
        ]

    def words(self, item_id: str, index: int, text: str) -> Output:
        """The next words."""
        event = OutputTranscriptDelta if self._audio else OutputTextDelta
        return event(
            event_id=self._ids("event"),
            response_id=self._response_id,
            item_id=item_id,
            output_index=index,
            delta=text,
        )

    def message_ends(self, item: MessageItem, index: int, previous: str | None, text: str) -> list[Output]:
        """All words are there: the part and the item are final."""
        event, response_id = self._ids, self._response_id
        content = self._spoken(item.id, index, text) if self._audio else self._written(item.id, index, text)
        part = Part("audio", transcript=text) if self._audio else Part("text", text=text)
        return [
            *content,
            ContentPartDone(
                event_id=event("event"), response_id=response_id, item_id=item.id, output_index=index, part=part
            ),
            OutputItemDone(event_id=event("event"), response_id=response_id, output_index=index, item=item),
            *self._done(item, previous),
        ]

    def function_call(self, item: FunctionCallItem, index: int, previous: str | None) -> list[Output]:
        """A function call from its first event to its last."""
        event, response_id = self._ids, self._response_id
        begun = replace(item, arguments="", status="in_progress")
        return [
            OutputItemAdded(event_id=event("event"), response_id=response_id, output_index=index, item=begun),
            *self._added(begun, previous),
            FunctionArgumentsDelta(
                event_id=event("event"),
                response_id=response_id,
                item_id=item.id,
                output_index=index,
                call_id=item.call_id,
                delta=item.arguments,
            ),
            FunctionArgumentsDone(
                event_id=event("event"),
                response_id=response_id,
                item_id=item.id,
                output_index=index,
                call_id=item.call_id,
                name=item.name,
                arguments=item.arguments,
            ),
            OutputItemDone(event_id=event("event"), response_id=response_id, output_index=index, item=item),
            *self._done(item, previous),
        ]

    def _added(self, item: Item, previous: str | None) -> list[Output]:
        added = ItemAdded(event_id=self._ids("event"), item=item, previous_item_id=previous)
        return [added] if self._within else []

    def _done(self, item: Item, previous: str | None) -> list[Output]:
        done = ItemDone(event_id=self._ids("event"), item=item, previous_item_id=previous)
        return [done] if self._within else []

    def _spoken(self, item_id: str, index: int, text: str) -> list[Output]:
        event, response_id = self._ids, self._response_id
        return [
            OutputAudioDone(event_id=event("event"), response_id=response_id, item_id=item_id, output_index=index),
            OutputTranscriptDone(
                event_id=event("event"), response_id=response_id, item_id=item_id, output_index=index, transcript=text
            ),
        ]

    def _written(self, item_id: str, index: int, text: str) -> list[Output]:
        return [
            OutputTextDone(
                event_id=self._ids("event"),
                response_id=self._response_id,
                item_id=item_id,
                output_index=index,
                text=text,
            )
        ]
