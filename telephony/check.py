"""`offhook check`: everything wrong in the settings and the dialplan, before a caller finds it. Rule: it only reads.

Besides each file's own faults it tells where the two disagree: models that no provider answers to, voices that do not
exist, recordings with no place to go.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TextIO

from telephony import settings as settings_file
from telephony.dialplan import ANY, NOBODY_DECIDED, Broken, Dialplan, DialplanError, Route, parse
from telephony.faults import Fault, did_you_mean
from telephony.provider_table import WHAT, ProviderTable, flow_of
from telephony.settings import Settings, SettingsError


def run(path: Path | None, stream: TextIO, environ: Mapping[str, str] | None = None) -> int:
    """Print what was read and every fault; 1 when there are faults, else 0."""
    faults: list[Fault] = []
    print(f"settings: {path or 'defaults'} and environment", file=stream)
    try:
        settings = settings_file.read(path, environ)
        print(f"dialplan: {settings.dialplan}", file=stream)
        faults += keyless(settings)
        dialplan = read_dialplan(settings)
        for line in _summary(dialplan, settings):
            print(f"  {line}", file=stream)
        faults += _flowless(settings, dialplan)
    except SettingsError as error:
        faults += error.faults
        faults += _faults_of_dialplan_alone(error.dialplan)
        print(f"dialplan: {error.dialplan or 'not read: the settings do not say where it is'}", file=stream)
    except DialplanError as error:
        faults += error.faults
    for fault in faults:
        print(fault, file=stream)
    print(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}" if faults else "no faults", file=stream)
    return 1 if faults else 0


def read_dialplan(settings: Settings) -> Dialplan:
    """The dialplan that the settings name, in agreement with them; raises DialplanError with every fault."""
    path = settings.dialplan
    return parse(_text(path), str(path), partial(_disagreements, settings))


def keyless(settings: Settings) -> Iterator[Fault]:
    """Each of the settings' own names whose vendor will refuse us for want of a key."""
    table = ProviderTable(settings.providers, known=settings.known)
    for layer in WHAT:
        for place, name in settings.providers.of(layer):
            for problem, remedy in table.keyless_name(layer, name):
                yield settings.written.fault(place, problem, remedy)


def _flowless(settings: Settings, dialplan: Dialplan) -> Iterator[Fault]:
    """Each flow that is to stand in for a language model, and is not there; the first one is a fault of its agents."""
    for place, name in settings.providers.of("llm")[1:]:
        flow = flow_of(settings.known.aliases.get(name, name))
        if flow is not None and flow not in dialplan.flows:
            yield settings.written.fault(
                place, f"the dialplan has no flow {flow!r}", did_you_mean(flow, dialplan.flows)
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DialplanError([Fault(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise DialplanError([Fault(str(path), 0, "", "is not UTF-8 text")]) from None


def _faults_of_dialplan_alone(path: Path | None) -> tuple[Fault, ...]:
    """A dialplan whose settings are faulty is looked at by itself, so that its faults are told in the same go."""
    if path is None:
        return ()
    try:
        parse(_text(path), str(path))
    except DialplanError as error:
        return error.faults
    return ()


def _disagreements(settings: Settings, dialplan: Dialplan) -> Iterator[Broken]:
    table = ProviderTable(settings.providers, dialplan.flows, settings.known)
    for name, agent in dialplan.agents.items():
        for path, problem, remedy in table.unknown(agent):
            yield ("agents", name, *path), problem, remedy
    for index, route in enumerate(dialplan.routes):
        if route.webhook and settings.control.webhook_secret is None:
            remedy = 'webhook_secret = "env:NAME" under [control] in the settings'
            yield ("route", index, "webhook"), "there is nothing to sign it with", remedy
        if route.webhook and not settings.control.is_on:
            remedy = "port = 8080 under [control] in the settings"
            yield ("route", index, "webhook"), "applications cannot answer: the control API is off", remedy
        if route.record and settings.media.recordings_dir is None:
            remedy = 'recordings_dir = "FOLDER" under [media] in the settings'
            yield ("route", index, "record"), "there is nowhere to record to", remedy


def _summary(dialplan: Dialplan, settings: Settings) -> Iterator[str]:
    """What the dialplan comes to, one line a route."""
    for route in dialplan.routes:
        yield f"{route.did}{'' if route.caller == ANY else f' from {route.caller}'} -> {_decision(route)}"
    table = ProviderTable(settings.providers, dialplan.flows, settings.known)
    for name, agent in dialplan.agents.items():
        then = [choice.name for choice in table.choices("llm", agent)[1:]]
        notes = "".join(f" ({problem}: {remedy})" for problem, remedy in table.keyless(agent))
        yield f"agent {name}: {', then '.join([table.model_name(agent), *then])}{notes}"


def _decision(route: Route) -> str:
    if route.reject is not None:
        return f"rejected with {route.reject}"
    if route.webhook is not None:
        rest = route.fallback_agent or f"rejected with {route.fallback_reject or NOBODY_DECIDED}"
        return f"{route.webhook} decides within {route.decide_timeout_s} s, else {rest}"
    targets = f", transfer to {', '.join(route.transfer_targets)}" if route.transfer_targets else ""
    may = f"may {'hang up' if 'hang_up' in route.allow else 'not hang up'}{targets}"
    return f"{route.agent}, {may}"
