"""The vendors that agents and settings name, for `offhook doctor`: keys, servers, and models by name.

Rule: nothing is asked that costs money, and a key goes to nobody but its vendor.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final

from telephony.dialplan import Dialplan
from telephony.finding import Finding, State, ok
from telephony.provider_table import PLACES, WHAT, ProviderTable, name_in
from telephony.settings import Settings
from telephony.vendor_answers import FOUND, LISTS, ModelList, looked_at, models_in
from telephony.vendor_table import Layer, Vendor, key_remedy, lacks_key

REFUSED: Final = (401, 403)
NOT_FOUND: Final = 404
SERVER_ERROR: Final = 500
MOST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class _Named:
    """A model that is named somewhere; `by_default`, every agent may come to it."""

    place: str
    name: str
    by_default: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """One address of a vendor, the layer that it was found for, and the models that are named for it."""

    maker: str
    vendor: Vendor
    layer: Layer
    models: dict[str, list[_Named]] = field(default_factory=dict)

    def severity(self, *models: str) -> State:
        """How bad it is when these models cannot be asked."""
        return "fail" if any(each.by_default for model in models for each in self.models[model]) else "note"

    @property
    def url(self) -> str:
        return self.vendor.url(self.layer)

    @property
    def list(self) -> ModelList | None:
        """Its list of models, where its protocol has one."""
        protocol = self.vendor.protocol(self.layer)
        return ModelList(self.url, protocol, self.vendor.api_key) if protocol in LISTS else None


async def findings(settings: Settings, dialplan: Dialplan) -> list[Finding]:
    """What there is to say of each address of each vendor that is used, or that the settings say something of."""
    found = await asyncio.gather(*[asyncio.to_thread(_examined, settings, each) for each in _used(settings, dialplan)])
    return [finding for several in found for finding in several]


def _used(settings: Settings, dialplan: Dialplan) -> list[_Asked]:
    """Each address once, unless its layers have different ways to ask for models there."""
    asked: dict[tuple[str, str, str], _Asked] = {}
    vendors = settings.known.vendors

    def add(layer: Layer, name: str) -> _Asked:
        vendor = vendors[name]
        key = name, vendor.url(layer), LISTS.get(vendor.protocol(layer), ("",))[0]
        return asked.setdefault(key, _Asked(name, vendor, layer))

    for layer in WHAT:
        for name in sorted(name for name, told in settings.vendors.items() if told.url(layer)):
            if vendors[name].protocol(layer):
                add(layer, name)
        for each in _named(settings, dialplan, layer):
            maker, _, model = each.name.partition("/")
            add(layer, maker).models.setdefault(model, []).append(each)
    return list(asked.values())


def _named(settings: Settings, dialplan: Dialplan, layer: Layer) -> Iterator[_Named]:
    """Each vendor's model that is named for a layer, by its whole name."""
    table = ProviderTable(settings.providers, known=settings.known)
    for each in _written(settings, dialplan, layer):
        whole = table.whole(layer, each.name)
        entry = table.found(layer, whole)
        if entry is not None and entry.vendor is not None:
            yield replace(each, name=whole)


def _written(settings: Settings, dialplan: Dialplan, layer: Layer) -> Iterator[_Named]:
    for path, name in settings.providers.of(layer):
        yield _Named(settings.written.fault(path, "").place, name, by_default=True)
    for agent, config in dialplan.agents.items():
        if own := name_in(config, layer):
            yield _Named(dialplan.written.fault(("agents", agent, *PLACES[layer]), "").place, own)
    for alias, name in settings.aliases.items():
        yield _Named(settings.written.fault(("aliases", alias), "").place, name)


def _examined(settings: Settings, asked: _Asked) -> list[Finding]:
    name, url = asked.maker, asked.url
    if lacks_key(name, asked.vendor):
        severity = asked.severity(*asked.models)
        return [Finding(name, severity, "there is no key", f"{key_remedy(name)}{_named_at(asked)}")]
    listed = asked.list
    answer = listed.read() if listed else looked_at(url)
    told = f"correct {_place(settings, name, asked.layer)}"
    if answer.status is None:
        built_in = _place(settings, name, asked.layer).startswith("vendor.")
        remedy = f"{told} or the network{_named_at(asked) if built_in else ''}"
        return [Finding(name, "fail", f"{url} cannot be reached: {answer.trouble}", remedy)]
    if answer.status in REFUSED and listed and listed.key:
        remedy = f"correct {_place(settings, name, 'api_key')}"
        return [Finding(name, "fail", f"{url} refuses the key ({answer.status})", remedy)]
    if answer.status == NOT_FOUND and listed and asked.layer == "llm":
        remedy = f"{told}, unless chat works: most end in /v1"
        return [Finding(name, "note", f"{listed.place} is not there ({answer.status})", remedy)]
    if answer.status >= SERVER_ERROR and listed:
        return [Finding(name, "note", f"{listed.place} fails ({answer.status})", "look again later, or ask the vendor")]
    found = [ok(name, f"{url} answers ({answer.status})")]
    if listed is None or answer.status != FOUND:
        return found
    models = models_in(answer.body)
    if models is None:
        return [Finding(name, "note", f"{listed.place} is no list of models", f"{told}, unless chat works")]
    return [*found, *_unknown(asked, listed, models)]


def _unknown(asked: _Asked, listed: ModelList, models: list[str]) -> Iterator[Finding]:
    """The models that are named and that the server does not know."""
    for model, named in asked.models.items():
        if model not in models and not listed.has(model):
            near = get_close_matches(model, models, n=3, cutoff=0.5)
            meant = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {_shown(models)}"
            remedy = f"correct {', '.join(each.place for each in named)}: {meant}"
            yield Finding(asked.maker, asked.severity(model), f"{listed.place} has no model {model!r}", remedy)


def _named_at(asked: _Asked) -> str:
    """Where a vendor's models are named, if any are."""
    places = dict.fromkeys(each.place for named in asked.models.values() for each in named)
    return f"; named at {', '.join(places)}" if places else ""


def _shown(models: list[str]) -> str:
    return f"{', '.join(models[:MOST_SHOWN]) or 'none'}{' ...' if len(models) > MOST_SHOWN else ''}"


def _place(settings: Settings, name: str, what: str) -> str:
    """Where a vendor's address or key is said: its line or variable when it is written down."""
    keys = [what] if what == "api_key" else [f"{what}_base_url", "base_url"]
    for key in keys:
        if settings.written.says(("vendor", name, key)):
            return settings.written.fault(("vendor", name, key), "").place
    return f"vendor.{name}.{keys[-1]}"
