"""Recordings go when they are old enough, and nothing else does."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from telephony.retention import delete_older

CALL = "rtc_0123456789abcdef01234567"
NOW_S = 2_000_000_000.0
RECORDINGS = 2_000


def written(folder: Path, name: str, at_s: float) -> str:
    path = folder / name
    path.write_bytes(b"sound")
    os.utime(path, (at_s, at_s))
    return name


def test_old_recordings_and_transcripts_go_and_younger_ones_and_other_files_stay(tmp_path: Path) -> None:
    for name in (f"{CALL}.wav", f"{CALL}.jsonl", f"{CALL[:-1]}8.opus"):
        written(tmp_path, name, NOW_S - 1)
    stay = {
        written(tmp_path, f"{CALL[:-1]}9.wav", NOW_S + 1),
        written(tmp_path, "music.wav", NOW_S - 1),
        written(tmp_path, f"{CALL}.wav.copy", NOW_S - 1),
        written(tmp_path, "rtc_notes.jsonl", NOW_S - 1),
    }

    deleted = delete_older(tmp_path, NOW_S)

    assert (deleted, {path.name for path in tmp_path.iterdir()}) == (3, stay)


def test_nodes_that_share_a_folder_delete_each_recording_once_and_miss_none(tmp_path: Path) -> None:
    for number in range(RECORDINGS):
        written(tmp_path, f"rtc_{number:024x}.wav", NOW_S - 1)
    nodes = 4
    with structlog.testing.capture_logs() as logged, ThreadPoolExecutor(nodes) as pool:
        deleted = [*pool.map(lambda _: delete_older(tmp_path, NOW_S), range(nodes))]

    assert (sum(deleted), [*tmp_path.iterdir()], logged) == (RECORDINGS, [], [])


def test_a_folder_that_is_not_there_yet_has_nothing_old(tmp_path: Path) -> None:
    assert delete_older(tmp_path / "recordings", NOW_S) == 0


def test_what_cannot_be_deleted_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    (tmp_path / f"{CALL}.wav").mkdir()
    os.utime(tmp_path / f"{CALL}.wav", (NOW_S - 1, NOW_S - 1))
    written(tmp_path, f"{CALL}.jsonl", NOW_S - 1)

    assert delete_older(tmp_path, NOW_S) == 1
