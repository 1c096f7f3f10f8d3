"""A call's files are complete, however suddenly it ends, and the loop never waits for a disk."""

import asyncio
import json
import wave
from pathlib import Path

import pytest

from pipeline.realtime.events import DtmfReceived
from telephony.recording import CallFiles

FIRST, SECOND, LAST = (bytes([number]) * 3_200 for number in (1, 2, 3))


def key(digit: str) -> DtmfReceived:
    return DtmfReceived(event_id="e", event=digit, received_at=0)


def audio(path: Path) -> bytes:
    with wave.open(str(path)) as wav:
        return bytes(wav.readframes(wav.getnframes()))


def digits(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.with_suffix(".jsonl").open()]


async def test_what_nobody_waits_for_any_more_is_written_in_its_place(tmp_path: Path) -> None:
    files = CallFiles(tmp_path / "call.wav")
    await files.open()
    await files.write(FIRST)
    writing = asyncio.create_task(files.write(SECOND))
    await asyncio.sleep(0)
    writing.cancel()
    files.keep(LAST)
    await files.close()

    assert audio(files.path) == FIRST + SECOND + LAST


async def test_a_call_that_ends_while_its_files_open_has_them(tmp_path: Path) -> None:
    files = CallFiles(tmp_path / "call.wav")
    opening = asyncio.create_task(files.open())
    await asyncio.sleep(0)
    opening.cancel()
    files.observe(key("1"))
    files.keep(LAST)
    await files.close()

    assert (audio(files.path), digits(files.path)) == (LAST, ["1"])


async def test_what_happens_before_the_transcript_is_open_comes_first(tmp_path: Path) -> None:
    files = CallFiles(tmp_path / "call.wav")
    files.observe(key("1"))
    await files.open()
    files.observe(key("2"))
    await files.close()

    assert digits(files.path) == ["1", "2"]


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        await CallFiles(tmp_path / "file" / "call.wav").open()
