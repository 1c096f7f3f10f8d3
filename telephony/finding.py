"""What an examination of a machine finds. Rule: a finding that is not ok says what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TextIO

import msgspec

State = Literal["ok", "note", "fail"]
SIGNS: Final[dict[State, str]] = {"ok": "ok  ", "note": "note", "fail": "FAIL"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `note` works, but perhaps not as meant."""

    subject: str
    state: State
    found: str
    remedy: str = ""


def ok(subject: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, "ok", found)


def print_findings(findings: Iterable[Finding], stream: TextIO) -> None:
    """One line a finding, and its remedy below it."""
    for finding in findings:
        print(f"{SIGNS[finding.state]}  {finding.subject:<13} {finding.found}", file=stream)
        if finding.remedy:
            print(f"{'':20}{finding.remedy}", file=stream)


def as_json(findings: Sequence[Finding]) -> str:
    """All findings as one JSON object; `ok` when nothing failed."""
    return msgspec.json.encode({"ok": is_sound(findings), "findings": findings}).decode()


def is_sound(findings: Iterable[Finding]) -> bool:
    """Whether the service can do its work."""
    return all(finding.state != "fail" for finding in findings)
