"""What a new dialplan changes, in words. Rule: pure; who reads it knows what calls to come will meet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from telephony.dialplan import Dialplan, Route
from telephony.faults import Fault


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of it: the changes, one line each, or the faults for which there are none."""

    changes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def changes(before: Dialplan, after: Dialplan) -> tuple[str, ...]:
    """One line each; none when calls to come are treated as before."""
    tables: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
        "agent": (before.agents, after.agents),
        "flow": (before.flows, after.flows),
        "function": (before.functions, after.functions),
        "hours": (before.calendar.hours, after.calendar.hours),
    }
    named = (line for kind, (old, new) in tables.items() for line in _named(kind, old, new))
    zone = [] if before.calendar.time_zone == after.calendar.time_zone else ["time zone: changed"]
    return (*_routes(before.routes, after.routes), *named, *zone)


def _routes(before: tuple[Route, ...], after: tuple[Route, ...]) -> Iterator[str]:
    """Routes have no names, so one that reads otherwise is another."""
    gone, come = [each for each in before if each not in after], [each for each in after if each not in before]
    yield from (f"route {each.words}: gone" for each in gone if not _same_calls(each, come))
    yield from (f"route {each.words}: {'changed' if _same_calls(each, gone) else 'new'}" for each in come)
    kept = [each for each in before if each in after]
    if kept != [each for each in after if each in before]:
        yield "routes: in another order"


def _same_calls(route: Route, others: list[Route]) -> bool:
    return any(route.words == other.words for other in others)


def _named(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield f"{kind} {name}: new"
        elif name not in after:
            yield f"{kind} {name}: gone"
        elif before[name] != after[name]:
            yield f"{kind} {name}: changed"
