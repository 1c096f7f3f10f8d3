"""`offhook check`: everything wrong in the settings and the dialplan, before a caller finds it. Rule: it only reads.

Besides each file's own faults it tells where the two disagree: models that no provider answers to, voices that do not
exist, recordings with no place to go.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TextIO

from pipeline.providers.smart_turn import FILE
from pipeline.realtime.config import SemanticVad, SessionConfig
from telephony import settings as settings_file
from telephony.dialplan import NOBODY_DECIDED, Dialplan, DialplanError, Draft, Route, parse
from telephony.faults import Fault, did_you_mean
from telephony.flow_chart import mermaid
from telephony.provider_table import PLACES, WHAT, ProviderTable, flow_of, name_in
from telephony.settings import Reading, Settings, SettingsError
from telephony.toml_text import Broken, KeyPath
from telephony.vendor_table import Layer

UNKNOWN_DIALPLAN = "dialplan: not read: the settings do not say where it is"
IsTold = Callable[[Layer, str | None], bool]
"""Whether a fault of the settings already says what is wrong with who serves a layer under this name, or by default."""


def draw(settings: Settings, stream: TextIO) -> int:
    """Print the dialplan as a Mermaid flow chart; raises DialplanError with every fault."""
    for line in mermaid(read_dialplan(settings)):
        print(line, file=stream)
    return 0


def run(path: Path | None, stream: TextIO, environ: Mapping[str, str] | None = None) -> int:
    """Print what was read and every fault; 1 when there are faults, else 0."""
    print(f"settings: {path or 'defaults'} and environment", file=stream)
    try:
        faults = _faults(settings_file.reading(path, environ), stream)
    except SettingsError as error:
        print(UNKNOWN_DIALPLAN, file=stream)
        faults = [*error.faults]
    for fault in sorted(set(faults)):
        print(fault, file=stream)
    print(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}" if faults else "no faults", file=stream)
    return 1 if faults else 0


def read_dialplan(settings: Settings) -> Dialplan:
    """The dialplan that the settings name, in agreement with them; raises DialplanError with every fault."""
    return parse(_text(settings.dialplan), str(settings.dialplan), partial(_disagreements, settings))


def _faults(found: Reading, stream: TextIO) -> list[Fault]:
    """Everything wrong, as far as the parts can be read; what the dialplan comes to is printed."""
    settings, faults = found.settings, [*found.faults, *_keyless(found)]
    if not found.is_sound(("dialplan",)):
        print(UNKNOWN_DIALPLAN, file=stream)
        return faults
    print(f"dialplan: {settings.dialplan}", file=stream)
    drafts: list[Draft] = []

    def disagreements(draft: Draft) -> Iterator[Broken]:
        drafts.append(draft)
        return _disagreements(settings, draft, partial(_is_told, found))

    try:
        dialplan = parse(_text(settings.dialplan), str(settings.dialplan), disagreements)
        lines = _summary(dialplan, settings)
    except DialplanError as error:
        faults += error.faults
        lines = (line for draft in drafts for name in draft.agents for line in _keys_wanted(draft, settings, name))
    for line in lines:
        print(f"  {line}", file=stream)
    return faults + [fault for draft in drafts for fault in _flowless(found, draft)]


def _keyless(found: Reading) -> Iterator[Fault]:
    """Each of the settings' own names whose vendor will refuse us for want of a key."""
    settings = found.settings
    table = ProviderTable(settings.providers, known=settings.known)
    for layer in WHAT:
        for place, name in found.names(layer):
            for problem, remedy in table.keyless_name(layer, name) if found.explains(name) else ():
                yield settings.written.fault(place, problem, remedy)


def _flowless(found: Reading, draft: Draft) -> Iterator[Fault]:
    """Each flow that is to stand in for a language model, and is not there; the first one is a fault of its agents."""
    for place, name in found.names("llm")[1:]:
        flow = flow_of(found.settings.known.aliases.get(name, name))
        if flow is not None and flow not in draft.flows:
            remedy = did_you_mean(flow, draft.flows)
            yield found.settings.written.fault(place, f"the dialplan has no flow {flow!r}", remedy)


def _is_told(found: Reading, layer: Layer, own: str | None) -> bool:
    if own:
        return not found.explains(own)
    defaults = [name for _, name in found.settings.providers.of(layer)]
    return not (found.is_sound(("providers", layer)) and all(map(found.explains, defaults)))


def _nothing_told(layer: Layer, own: str | None) -> bool:
    return False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DialplanError([Fault(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise DialplanError([Fault(str(path), 0, "", "is not UTF-8 text")]) from None


def _disagreements(settings: Settings, draft: Draft, is_told: IsTold = _nothing_told) -> Iterator[Broken]:
    table = ProviderTable(settings.providers, draft.flows, settings.known)
    layers = {path: layer for layer, path in PLACES.items()}
    trunks = [trunk.name for trunk in settings.trunks]
    for name, agent in draft.agents.items():
        for path, problem, remedy in table.unknown(agent, strictly=True):
            if path not in layers or not is_told(layers[path], name_in(agent, layers[path])):
                yield ("agents", name, *path), problem, remedy
    for index, route in draft.routes.items():
        if route.webhook and settings.control.webhook_secret is None:
            remedy = 'webhook_secret = "env:NAME" under [control] in the settings'
            yield ("route", index, "webhook"), "there is nothing to sign it with", remedy
        if route.webhook and not settings.control.is_on:
            remedy = "port = 8080 under [control] in the settings"
            yield ("route", index, "webhook"), "applications cannot answer: the control API is off", remedy
        if route.trunk and route.trunk not in trunks:
            yield ("route", index, "trunk"), f"there is no trunk {route.trunk!r}", did_you_mean(route.trunk, trunks)
        if route.record and settings.media.recordings_dir is None:
            remedy = 'recordings_dir = "FOLDER" under [media] in the settings'
            yield ("route", index, "record"), "there is nowhere to record to", remedy
        for key, file in (("ambience", route.ambience), ("hold_music", route.hold_music)):
            if file:
                yield from _unplayable(settings.dialplan.parent / file, route.ambience_db, ("route", index, key))


def _unplayable(path: Path, loudness_db: int, key: KeyPath) -> Iterator[Broken]:
    from telephony.media.ambience import UnplayableError, ambience_of

    try:
        ambience_of(path, loudness_db)
    except UnplayableError as error:
        yield key, f"{path} {error}", "a WAV file of 16-bit PCM"


def _summary(dialplan: Dialplan, settings: Settings) -> Iterator[str]:
    """What the dialplan comes to, one line a route."""
    for route in dialplan.routes:
        lost = route.voicemail_s and (settings.media.recordings_dir is None or route.record is False)
        note = ' (messages are not kept: recordings_dir = "FOLDER" under [media] in the settings)' if lost else ""
        yield f"{route.words} -> {decision(route)}{note}"
    table = ProviderTable(settings.providers, dialplan.flows, settings.known)
    for name, agent in dialplan.agents.items():
        then = [choice.name for choice in table.choices("llm", agent)[1:]]
        notes = "".join(f" ({problem}: {remedy})" for problem, remedy in _judgeless(agent, settings))
        yield f"agent {name}: {', then '.join([table.model_name(agent), *then])}{notes}"
        yield from _keys_wanted(dialplan, settings, name)


def _judgeless(agent: SessionConfig, settings: Settings) -> Iterator[tuple[str, str]]:
    """What an agent lacks whose turns end by words alone, though it could listen to how a caller sounds."""
    file = settings.providers.models_dir.expanduser() / FILE
    if isinstance(agent.audio.input.turn_detection, SemanticVad) and not file.is_file():
        yield f"semantic_vad goes by words alone, for want of {file}", "run the set-up again"


def _keys_wanted(read: Draft | Dialplan, settings: Settings, agent: str) -> Iterator[str]:
    """Where an agent names a vendor that will refuse us for want of a key; no fault, for others stand in for it."""
    table = ProviderTable(settings.providers, read.flows, settings.known)
    for path, problem, remedy in table.keyless(read.agents[agent]):
        yield f"note: {read.written.fault(('agents', agent, *path), problem, remedy)}"


def decision(route: Route) -> str:
    """What becomes of a call that this route takes."""
    if route.reject is not None:
        return f"rejected with {route.reject}"
    if route.webhook is not None:
        rest = route.fallback_agent or f"rejected with {route.fallback_reject or NOBODY_DECIDED}"
        return f"{route.webhook} decides within {route.decide_timeout_s} s, else {rest}"
    targets = f", transfer to {', '.join(route.transfer_targets)}" if route.transfer_targets else ""
    may = f"may {'hang up' if 'hang_up' in route.allow else 'not hang up'}{targets}"
    message = f", messages of {route.voicemail_s} s" if route.voicemail_s else ""
    return f"{route.agent}, {may}{message}"
