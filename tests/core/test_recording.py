"""A transcript tells who said what, when, and how much of it was heard."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.realtime.events import (
    DtmfReceived,
    Duration,
    ItemDone,
    ItemTruncated,
    OutputItemAdded,
    PlayoutCleared,
    PlayoutStarted,
    PlayoutStopped,
    ServerEvent,
    SpeechStarted,
    TranscriptCompleted,
)
from pipeline.realtime.items import MessageItem, OutputAudio
from telephony.recording import TranscriptLog


def says(number: int, words: str) -> tuple[ServerEvent, ServerEvent]:
    """An agent's item begins, and its words are final."""
    item = MessageItem(
        id=f"item_{number}", role="assistant", status="completed", content=(OutputAudio(transcript=words),)
    )
    return (
        OutputItemAdded(event_id="e", response_id=f"resp_{number}", output_index=0, item=item),
        ItemDone(event_id="e", item=item, previous_item_id=None),
    )


def transcript(folder: Path, told: Iterable[tuple[float, ServerEvent]]) -> tuple[list[int], list[dict[str, Any]]]:
    """What stands in the file after each event, and at the end; times are seconds after the answer."""
    now_s, path = 128.0, folder / "call.jsonl"
    counts: list[int] = []
    with TranscriptLog(path, lambda: now_s) as log:
        for at_s, event in told:
            now_s = 128.0 + at_s
            log.observe(event)
            counts.append(len(path.read_text().splitlines()))
    return counts, [json.loads(line) for line in path.read_text().splitlines()]


def test_an_agents_line_is_written_when_it_has_been_heard_out(tmp_path: Path) -> None:
    added, done = says(1, "Hello. ")
    told = [
        (0.125, added),
        (0.25, PlayoutStarted(event_id="e", response_id="resp_1")),
        (0.375, done),
        (1.5, PlayoutStopped(event_id="e", response_id="resp_1")),
    ]

    counts, lines = transcript(tmp_path, told)

    assert (counts, lines) == (
        [0, 0, 0, 1],
        [{"who": "agent", "text": "Hello.", "item_id": "item_1", "at_ms": 250}],
    )


def test_an_agents_line_that_was_cut_short_says_how_much_was_heard_and_stands_once(tmp_path: Path) -> None:
    added, done = says(1, "A very long story.")
    told = [
        (0.125, added),
        (0.5, PlayoutStarted(event_id="e", response_id="resp_1")),
        (0.625, done),
        (2.0, PlayoutCleared(event_id="e", response_id="resp_1")),
        (2.0, ItemTruncated(event_id="e", item_id="item_1", audio_end_ms=1_480)),
    ]

    counts, lines = transcript(tmp_path, told)

    assert (counts[-2:], lines) == (
        [0, 1],
        [{"who": "agent", "text": "A very long story.", "item_id": "item_1", "at_ms": 500, "heard_ms": 1_480}],
    )


def test_what_is_still_sounding_at_the_end_is_written_then(tmp_path: Path) -> None:
    added, done = says(1, "Goodbye.")
    told = [(0.125, added), (0.5, PlayoutStarted(event_id="e", response_id="resp_1")), (0.625, done)]

    counts, lines = transcript(tmp_path, told)

    assert (counts, [(line["text"], line["at_ms"]) for line in lines]) == ([0, 0, 0], [("Goodbye.", 500)])


def test_callers_and_digits_have_their_times(tmp_path: Path) -> None:
    told: list[tuple[float, ServerEvent]] = [
        (1.0, SpeechStarted(event_id="e", item_id="item_1", audio_start_ms=900)),
        (2.5, TranscriptCompleted(event_id="e", item_id="item_1", transcript="good day", usage=Duration(seconds=1.5))),
        (3.25, DtmfReceived(event_id="e", event="5", received_at=0)),
    ]

    _, lines = transcript(tmp_path, told)

    assert [(line["who"], line["text"], line["at_ms"]) for line in lines] == [
        ("caller", "good day", 900),
        ("digit", "5", 3_250),
    ]
