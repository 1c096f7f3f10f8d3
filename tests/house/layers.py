"""What pyproject.toml says about layers, for the rules that build on it.

Rule: the layers stand in pyproject.toml and nowhere else.
"""

import re
import tomllib
from functools import cache
from typing import Any

from tests.house.source import ROOT

LAYERS = "Imports point downward"
PURE_FROM = "pipeline.session"


@cache
def contracts() -> dict[str, Any]:
    """The import-linter contracts by name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def layers() -> list[list[str]]:
    """The layers from the top down, each with its modules."""
    return [[name.strip(" \n()") for name in re.split(r"[|:]", layer)] for layer in contracts()[LAYERS]["layers"]]


def is_in(module: str, names: list[str]) -> bool:
    """Whether a module is one of these or inside one of these packages."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def pure_modules() -> list[str]:
    """Every module that neither waits, nor reads a clock, nor talks: the session and what is below it.

    `pipeline.providers` itself holds the Protocols; what is inside it is a vendor's.
    """
    first = next(at for at, names in enumerate(layers()) if PURE_FROM in names)
    return [name for names in layers()[first:] for name in names]


def is_pure(module: str) -> bool:
    return module == "pipeline.providers" or is_in(module, pure_modules())


def all_modules() -> list[str]:
    return [name for names in layers() for name in names]
