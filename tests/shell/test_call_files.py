"""A call's files are complete, however suddenly it ends, and the loop never waits for a disk."""

import asyncio
import json
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import structlog

from pipeline.realtime.events import DtmfReceived
from telephony.recording import CallFiles, StereoRecording
from tests.drive.disk import is_open, room_for
from tests.drive.tones import a_tone, loudest_hz

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


async def test_a_recording_in_opus_is_as_long_and_sounds_alike_in_a_fifth_of_the_room(tmp_path: Path) -> None:
    sides = [np.frombuffer(a_tone(hz, 4_000, rate_hz=8_000), "<i2") for hz in (440, 1_000)]
    stereo = np.stack(sides, axis=1).tobytes()
    files = CallFiles(tmp_path / "call.opus")
    await files.open()
    for start in range(0, len(stereo), 16_000):
        await files.write(stereo[start : start + 16_000])
    await files.close()
    sound, rate_hz = soundfile.read(files.path, dtype="int16")

    assert (len(sound), rate_hz, soundfile.info(files.path).subtype) == (4 * 8_000, 8_000, "OPUS")
    assert [loudest_hz(sound[8_000:16_000, side].tobytes(), 8_000) for side in (0, 1)] == [440, 1_000]
    assert files.path.stat().st_size < len(stereo) / 5


@pytest.mark.parametrize("name", ["call.wav", "call.opus"])
def test_a_disk_that_fills_up_loses_the_rest_of_a_recording_and_nothing_else(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(1).integers(-9_000, 9_000, 160_000, np.int16).tobytes()
    with structlog.testing.capture_logs() as logged, StereoRecording(tmp_path / name) as recording, room_for(200_000):
        for _ in range(8):
            recording.write(noise)
        still_open = is_open(recording.path)

    assert ([entry["event"] for entry in logged], recording.lost, still_open) == (["recording_lost"], True, False)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        await CallFiles(tmp_path / "file" / "call.wav").open()
