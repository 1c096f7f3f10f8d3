"""RingPorts on a ticking bridge, each story in a process of its own: a crash ends that story and is seen."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

STORIES_FILE = Path(__file__).parent / "port_stories.py"
# A story takes nothing and promises nothing but to end well.
STORIES = [
    part.name
    for part in ast.parse(STORIES_FILE.read_text()).body
    if isinstance(part, ast.FunctionDef) and not ast.unparse(part.args) and ast.unparse(part.returns or part) == "None"
]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("story", STORIES)
def test_while_the_bridge_ticks(story: str) -> None:
    told = subprocess.run(
        [sys.executable, STORIES_FILE, story], capture_output=True, text=True, timeout=110, check=False
    )

    assert told.returncode == 0, told.stdout[-2_000:] + told.stderr
