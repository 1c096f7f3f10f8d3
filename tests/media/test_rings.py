"""The rings alone, in C++ and under ThreadSanitizer: a clock thread and an event loop at work on one call."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MEDIA = HERE.parent.parent / "telephony" / "media"
STORIES = [
    line.strip().removeprefix("STORY(").removesuffix("),")
    for line in (HERE / "ring_stories.cpp").read_text().splitlines()
    if line.strip().startswith("STORY(")
]
RACE = "a_race_is_noticed"


@pytest.fixture(scope="module")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("rings") / "ring_stories"
    flags = ("-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=thread", f"-I{MEDIA}")
    subprocess.run(["g++", *flags, str(HERE / "ring_stories.cpp"), "-o", str(program)], check=True, timeout=300)
    return program


def tell(program: Path, story: str) -> subprocess.CompletedProcess[str]:
    told = subprocess.run([program, story], capture_output=True, text=True, timeout=300, check=False)
    if "unexpected memory mapping" in told.stderr:
        # This kernel scatters memory more widely than this sanitizer can follow.
        told = subprocess.run(
            ["setarch", "-R", program, story], capture_output=True, text=True, timeout=300, check=False
        )
    return told


@pytest.mark.timeout(400)
@pytest.mark.parametrize("story", [story for story in STORIES if story != RACE])
def test_between_the_clock_and_the_loop(rings: Path, story: str) -> None:
    told = tell(rings, story)

    assert told.returncode == 0, told.stderr


@pytest.mark.timeout(400)
def test_the_sanitizer_would_notice_a_race(rings: Path) -> None:
    told = tell(rings, RACE)

    assert "data race" in told.stderr


def test_every_story_is_told(rings: Path) -> None:
    listed = subprocess.run([rings], capture_output=True, text=True, check=True).stdout.split()

    assert sorted(listed) == sorted(STORIES)
