"""What happened to a session and what came of it, as JSON lines. Rule: a recording holds all that a session was told.

The first line says how the session was made. Each line after it is one step: what happened, and the outputs. Frames of
caller audio of which nothing came are one line together. Sound is kept as its length: a session never looks at it.
Left out are defaults, and what other tests hold: the ids of events and the session object.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import msgspec

from pipeline import providers, signals
from pipeline.audio import FRAME_MS
from pipeline.realtime import client, config, items, wish
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.event import Event
from pipeline.session import Session
from pipeline.signals import CallerFrame, Input, LastResort, Limits, Output, Permissions
from tests.drive.story import counting_ids, sound

OPENED, CLOSED = "opened", "closed"
Step = tuple[Input | str, list[Output]]


@dataclass(frozen=True)
class Setting:
    """How a session is made."""

    config: SessionConfig
    permissions: Permissions
    limits: Limits
    last_words_ms: int

    def session(self) -> Session:
        """A fresh one."""
        return Session(
            self.config,
            counting_ids(),
            permissions=self.permissions,
            limits=self.limits,
            last_resort=LastResort(pcm=sound(self.last_words_ms)),
        )


def written(setting: Setting, steps: Iterable[Step]) -> str:
    """A recording as text."""
    lines = [plain(setting), *_lines(steps)]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def replayed(text: str) -> Iterator[tuple[int, Any, Any]]:
    """Tell a session what the recording says: for each line its number, the outputs expected and those given."""
    first, *lines = text.splitlines()
    session = revived(json.loads(first)).session()
    for number, line in enumerate(map(json.loads, lines), start=2):
        outputs: list[Output] = []
        for happened in _inputs(line):
            match happened:
                case "opened":
                    outputs += session.opened()
                case "closed":
                    outputs += session.closed()
                case _:
                    outputs += session.handle(happened)
        yield number, line.get("out", []), [plain(output) for output in outputs]


def _lines(steps: Iterable[Step]) -> Iterator[dict[str, Any]]:
    quiet: dict[str, Any] = {}
    for happened, outputs in steps:
        if isinstance(happened, CallerFrame) and not outputs:
            if quiet and quiet["score"] == happened.score and _next_played_ms(quiet, happened):
                quiet["frames"] += 1
                continue
            if quiet:
                yield quiet
            quiet = {"frames": 1, "score": happened.score, "played_ms": happened.played_ms, "step_ms": 0}
            continue
        if quiet:
            yield quiet
            quiet = {}
        yield {"in": plain(happened), "out": [plain(output) for output in outputs]}
    if quiet:
        yield quiet


def _next_played_ms(quiet: dict[str, Any], frame: CallerFrame) -> bool:
    """Does playout go on as in the frames before? The second frame says how."""
    step_ms = frame.played_ms - quiet["played_ms"] - quiet["step_ms"] * (quiet["frames"] - 1)
    if quiet["frames"] == 1 and 0 <= step_ms <= FRAME_MS:
        quiet["step_ms"] = step_ms
    return bool(step_ms == quiet["step_ms"])


def _inputs(line: dict[str, Any]) -> Iterator[Any]:
    if "in" in line:
        yield revived(line["in"])
    for at in range(line.get("frames", 0)):
        yield CallerFrame(line["score"], line["played_ms"] + at * line["step_ms"])


def plain(value: Any) -> Any:
    """A value as JSON knows it; what it was is kept beside its fields."""
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, Event):
        event: dict[str, Any] = msgspec.to_builtins(value)
        return {name: part for name, part in event.items() if name not in {"event_id", "session"}}
    if isinstance(value, msgspec.Struct):
        parts = msgspec.to_builtins(value)
        usual = {part.encode_name: _usual(part) for part in msgspec.structs.fields(value)}
        return {"struct": type(value).__name__, **{name: of for name, of in parts.items() if of != usual.get(name)}}
    if is_dataclass(value):
        given = {part.name: getattr(value, part.name) for part in fields(value)}
        usual = {part.name: part.default for part in fields(value)}
        return {"kind": type(value).__name__, **{name: plain(of) for name, of in given.items() if of != usual[name]}}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return dict(value) if hasattr(value, "keys") else value


def _usual(part: Any) -> Any:
    """A field's default as JSON knows it; None where it has none."""
    usual = part.default if part.default_factory is msgspec.NODEFAULT else part.default_factory()
    return None if usual in (msgspec.NODEFAULT, msgspec.UNSET) else msgspec.to_builtins(usual)


def revived(value: Any) -> Any:
    """The value that was written."""
    if not isinstance(value, dict):
        return value
    parts = {name: revived(of) for name, of in value.items()}
    if "bytes" in parts:
        return bytes(parts["bytes"])
    if "struct" in parts:
        name = parts.pop("struct")
        return msgspec.convert(parts, _named(name, config, items, wish, client))
    if "kind" in parts:
        name = parts.pop("kind")
        kind = Setting if name == "Setting" else _named(name, signals, providers, client)
        return kind(**parts)
    return parts


def _named(name: str, *modules: Any) -> Any:
    return next((kind for module in modules if (kind := getattr(module, name, None))), None)
