"""The project's files as the house rules see them.

Rule: a file counts when git knows it or would take it; what git ignores is nobody's work.
"""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One text file: where it lies, seen from the project's root, and what it says."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"

    @property
    def is_ours(self) -> bool:
        """Python that runs in production: the two packages."""
        return self.is_python and self.path.parts[0] in {"telephony", "pipeline"}

    @property
    def module(self) -> str:
        """The dotted name by which it is imported."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, order=True)
class Offence:
    """One place where a rule is broken."""

    path: PurePosixPath
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def source(path: str, text: str) -> Source:
    return Source(PurePosixPath(path), text)


def sources() -> Iterator[Source]:
    """Every text file of the project."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in sorted(set(filter(None, names.split("\0")))):
        file = ROOT / name
        if not file.is_file():
            continue
        try:
            yield source(name, file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
