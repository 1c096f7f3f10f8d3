"""The linters are set up to find what they are there for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import layers
from tests.house.source import ROOT

Command = list[str | Path]

BINARIES = Path(sys.executable).parent

LINTED = [
    ("pipeline/worker.py", "try:\n    pass\nexcept Exception:\n    pass\n", "BLE001"),
    ("pipeline/worker.py", "import time\n\n\nasync def wait() -> None:\n    time.sleep(1)\n", "ASYNC251"),
    ("telephony/call.py", 'print("ringing")\n', "T201"),
    ("telephony/call.py", "def hang_up() -> None: ...\n", "D103"),
    ("telephony/call.py", "import os\n", "F401"),
    ("telephony/call.py", "def f(codecs: list[str] = []) -> None: ...\n", "B006"),
]

LAYERED = [
    ("pipeline/turn.py", "import pipeline.session", "Imports point downward"),
    ("pipeline/worker.py", "from pipeline.providers import scripted", "Imports point downward"),
    ("telephony/sip/__init__.py", "import telephony.recording", "Imports point downward"),
    ("telephony/media/__init__.py", "import telephony.sip", "Imports point downward"),
    ("telephony/call.py", "import telephony.service", "Imports point downward"),
    ("pipeline/providers/__init__.py", "import pipeline.session", "The providers' Protocols know audio alone"),
    ("pipeline/observe.py", "import telephony.leg", "The conversation knows no telephone"),
    ("pipeline/worker.py", "import redis.asyncio", "The conversation knows no telephone"),
]


@pytest.mark.parametrize(("path", "text", "code"), LINTED)
def test_ruff_finds(path: str, text: str, code: str) -> None:
    command: Command = [BINARIES / "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename", path]
    found = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)

    assert (found.returncode, code in found.stdout) == (1, True), found.stdout


@pytest.mark.parametrize(("path", "text", "contract"), LAYERED)
def test_the_layers_are_watched(tmp_path: Path, path: str, text: str, contract: str) -> None:
    _an_empty_house(tmp_path)
    assert _lint_imports(tmp_path).returncode == 0

    with (tmp_path / path).open("a", encoding="utf-8") as module:
        module.write(f"{text}\n")
    found = _lint_imports(tmp_path)

    assert (found.returncode, f"{contract} BROKEN" in found.stdout) == (1, True), found.stdout


def test_types_are_strict(tmp_path: Path) -> None:
    (tmp_path / "untyped.py").write_text("def ring(times):\n    return times\n", encoding="utf-8")
    command: Command = [BINARIES / "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", tmp_path / "cache"]
    command.append(tmp_path / "untyped.py")
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (found.returncode, "no-untyped-def" in found.stdout) == (1, True), found.stdout


def _an_empty_house(root: Path) -> None:
    """Every module that the layers name, with nothing in it."""
    for module in [*layers.all_modules(), "pipeline.providers"]:
        package = root / module.replace(".", "/")
        package.mkdir(parents=True, exist_ok=True)
        for folder in [package, *package.parents]:
            if folder != root and folder.is_relative_to(root):
                (folder / "__init__.py").touch()
    for module in ("pipeline/turn", "pipeline/worker", "pipeline/observe", "telephony/call"):
        _as_file(root / module)
    (root / "pipeline/providers/__init__.py").write_text("from pipeline import audio\n", encoding="utf-8")


def _as_file(package: Path) -> None:
    (package / "__init__.py").unlink()
    package.rmdir()
    package.with_suffix(".py").touch()


def _lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command: Command = [BINARIES / "lint-imports", "--no-cache", "--config", ROOT / "pyproject.toml"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
