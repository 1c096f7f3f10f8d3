"""What was recorded happens again, and the same comes of it."""

import json
from pathlib import Path

import pytest

from tests.drive.recording import replayed

RECORDINGS = sorted(Path(__file__).parent.glob("*.jsonl"))


def mismatches(text: str) -> list[int]:
    return [number for number, expected, given in replayed(text) if json.loads(json.dumps(given)) != expected]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_the_same_comes_of_it(recording: Path) -> None:
    for number, expected, given in replayed(recording.read_text(encoding="utf-8")):
        assert json.loads(json.dumps(given)) == expected, f"{recording.name}:{number}"


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_tells_a_whole_call(recording: Path) -> None:
    steps = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()[1:]]

    assert (steps[0]["in"], steps[-1]["in"]) == ("opened", "closed")
    assert any(output.get("kind") == "EndCall" for step in steps for output in step.get("out", []))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_line_that_is_missing_shows(recording: Path) -> None:
    first, *lines = recording.read_text(encoding="utf-8").splitlines()
    telling = [at for at, line in enumerate(lines) if '"TextDelta"' in line]

    for at in telling:
        assert mismatches("\n".join([first, *lines[:at], *lines[at + 1 :]])), f"line {at + 2} changes nothing"


def test_there_are_recordings() -> None:
    assert {path.stem for path in RECORDINGS} >= {"dinner", "trouble"}
