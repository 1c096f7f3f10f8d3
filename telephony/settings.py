"""What the service is told: one TOML file and OFFHOOK_* variables. Rule: nobody else reads the environment.

Every section has defaults good for `offhook serve` with no file at all. A variable OFFHOOK_SECTION_FIELD (or
OFFHOOK_FIELD at the top level) wins over the file. Relative paths are relative to the file that holds them.
"""

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlsplit

from msgspec import Meta

from telephony import control_settings, sip_settings, vendor_table
from telephony.control_settings import ControlSettings
from telephony.faults import Fault, FaultyError, did_you_mean
from telephony.media_settings import MediaSettings
from telephony.patience_settings import PatienceSettings
from telephony.provider_table import WHAT, Known, Names, ProviderTable, flow_of, listed
from telephony.secret import AccessKey, Secret
from telephony.sip_settings import SipSettings
from telephony.toml_text import BrokenRule, KeyPath, TomlText, parse
from telephony.trunk_settings import Trunk
from telephony.typed_table import Reader, Unread, kinds_of
from telephony.vendor_table import Layer, Vendor
from telephony.written import ENVIRONMENT, Written

__all__ = ["ControlSettings", "MediaSettings", "Secret", "SipSettings", "Trunk"]  # besides what is defined here

PositiveInt = Annotated[int, Meta(ge=1)]
DEFAULT_DIALPLAN = Path(__file__).resolve().parent.parent / "dialplans" / "reception.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Where state is kept; without a URL the service starts a private server of its own."""

    url: Secret | None = None
    call_ttl_s: PositiveInt = 7 * 86_400


def _recogniser_processes() -> int:
    """One for each core that this process may use, up to what the rest of a machine keeps up with."""
    return min(len(os.sched_getaffinity(0)), 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Who hears, thinks and speaks for an agent that does not say: a name, or several in the order to try them.

    The embedded recogniser decodes in so many processes, each on one core and for any number of calls.
    """

    stt: Names = "embedded"
    llm: Names = "scripted/reception"
    tts: Names = "embedded"
    recogniser_processes: Annotated[int, Meta(ge=1, le=64)] = field(default_factory=_recogniser_processes)
    models_dir: Path = field(default_factory=lambda: Path("~/.cache/offhook/models").expanduser())
    patience: PatienceSettings = field(default_factory=PatienceSettings)

    def of(self, layer: Layer) -> list[tuple[KeyPath, str]]:
        """The names for a layer, each with its key."""
        names = {"stt": self.stt, "llm": self.llm, "tts": self.tts}[layer]
        if isinstance(names, str):
            return [(("providers", layer), names)]
        return [(("providers", layer, index), name) for index, name in enumerate(names)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How the service logs. `auto` is pretty on a terminal and JSON elsewhere."""

    format: Literal["auto", "pretty", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
    redact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """When a call is given up."""

    rtp_timeout_s: PositiveInt = 20
    max_call_s: PositiveInt = 3_600
    ring_timeout_s: PositiveInt = 60
    drain_s: Annotated[int, Meta(ge=0)] = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything, read once and never changed. `node` names this machine to the others that share one Redis.

    `vendors` is what is told of them beyond what is known of them anyway; `written` is where each key stands.
    """

    dialplan: Path = DEFAULT_DIALPLAN
    node: str = field(default_factory=platform.node)
    sip: SipSettings = field(default_factory=SipSettings)
    trunks: tuple[Trunk, ...] = field(default=(), metadata={"key": "trunk"})
    media: MediaSettings = field(default_factory=MediaSettings)
    redis: RedisSettings = RedisSettings()
    providers: ProviderSettings = ProviderSettings()
    vendors: dict[str, Vendor] = field(default_factory=dict, metadata={"key": "vendor"})
    aliases: dict[str, str] = field(default_factory=dict, metadata={"key": "aliases"})
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    control: ControlSettings = field(default_factory=ControlSettings)
    written: Written = field(
        default_factory=lambda: Written(TomlText("settings", {}, {}), {}),
        compare=False,
        repr=False,
        metadata={"key": None},
    )

    @property
    def known(self) -> Known:
        """Every vendor, and other names for their models."""
        return Known(vendor_table.known(self.vendors), self.aliases)


class SettingsError(FaultyError):
    """The settings cannot be used; `faults` says everything wrong."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings as far as they can be read: what cannot be is at its default, and `faulty` has its key."""

    settings: Settings
    faults: tuple[Fault, ...]
    faulty: frozenset[KeyPath]

    def is_sound(self, *paths: KeyPath) -> bool:
        """Nothing has been found wrong with these keys, nor with anything below them."""
        return not any(key[: len(path)] == path for key in self.faulty for path in paths)

    def names(self, layer: Layer) -> list[tuple[KeyPath, str]]:
        """The names for a layer, each with its key; none when one of them cannot be read."""
        return self.settings.providers.of(layer) if ("providers", layer) not in self.faulty else []

    def explains(self, name: str) -> bool:
        """Nothing has been found wrong with what says who is meant by this name: an alias, a vendor."""
        maker, slash, _ = self.settings.aliases.get(name, name).partition("/")
        return self.is_sound(("aliases", name), *([("vendor", maker)] if slash else []))


def read(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in this file (None: the defaults) and in the environment; raises SettingsError with every fault."""
    found = reading(path, environ)
    if found.faults:
        raise SettingsError(found.faults)
    return found.settings


def reading(path: Path | None, environ: Mapping[str, str] | None = None) -> Reading:
    """What of the settings can be read, and everything wrong; raises SettingsError when the file is none."""
    environ = os.environ if environ is None else environ
    text = _text(path)
    given = _Environment(environ, folder=path.resolve().parent if path else Path.cwd())
    reader = Reader(text, given.decode)
    settings: Settings = reader.read(Settings, text.table, ())
    settings = given.over(settings)
    written = Written(TomlText(text.file, {}, text.lines), given.used)
    settings = replace(settings, written=written)
    found = Reading(settings, (*reader.faults, *given.faults), frozenset(reader.faulty | given.faulty))
    all_trunks = len(settings.trunks) == len(text.table.get("trunk", ()))
    found = _judged(found, _broken_rules(settings, all_trunks=all_trunks))
    return _judged(found, _broken_names(found))


def _judged(found: Reading, rules: Iterable[BrokenRule]) -> Reading:
    """The same with what rules find broken; one that compares a faulty value tells nothing."""
    broken = [each for each in rules if found.faulty.isdisjoint(each.paths)]
    faults = [found.settings.written.fault(each.paths[0], each.problem, each.remedy) for each in broken]
    faulty = found.faulty.union(each.paths[0] for each in broken)
    return Reading(found.settings, (*found.faults, *faults), faulty)


def _text(path: Path | None) -> TomlText:
    if path is None:
        return TomlText("defaults", {}, {})
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SettingsError([Fault(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise SettingsError([Fault(str(path), 0, "", "is not UTF-8 text")]) from None
    except FaultyError as error:
        raise SettingsError(error.faults) from None


@dataclass(slots=True)
class _Environment:
    """OFFHOOK_* variables, and those that a file names as `env:NAME`."""

    environ: Mapping[str, str]
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    _named: set[str] = field(default_factory=set)
    used: dict[KeyPath, str] = field(default_factory=dict)
    faulty: set[KeyPath] = field(default_factory=set)

    def decode(self, kind: type, raw: Any) -> Any:
        """A path or a secret out of a string."""
        if not isinstance(raw, str):
            raise ValueError("expected a string")
        if kind is Path:
            return self.folder / Path(raw).expanduser()
        if kind is not Secret and kind is not AccessKey:
            raise NotImplementedError
        if not raw.startswith("env:"):
            return kind(raw)
        name = raw.removeprefix("env:")
        self._named.add(name)
        if name not in self.environ:
            raise ValueError(f"names the environment variable {name}, which is not set")
        return kind(self.environ[name])

    def over(self, settings: Settings) -> Settings:
        """The settings with what the environment says instead."""
        self.folder = Path.cwd()
        variables = {_variable(path): (path, hint) for path, hint in _leaves(Settings)}
        for name, words in self.environ.items():
            if not name.startswith("OFFHOOK_") or not words or name in self._named:
                continue
            if name not in variables:
                self.faults.append(Fault(ENVIRONMENT, 0, name, "unknown variable", did_you_mean(name, variables)))
                continue
            path, hint = variables[name]
            self.used[path] = name
            value = self._value(path, hint, words)
            if not isinstance(value, Unread):
                settings = _with(settings, path, value)
        return self._with_usual_variables(settings)

    def _value(self, path: KeyPath, hint: Any, words: str) -> Any:
        reader = Reader(TomlText(ENVIRONMENT, {}, {}), self.decode)
        given = _as_toml(words, hint)
        value = reader.read(hint, given, (_variable(path),))
        if int in kinds_of(hint) and isinstance(given, str) and isinstance(value, Unread):
            self.faults.append(Fault(ENVIRONMENT, 0, _variable(path), f"{words!r} is not a whole number"))
        else:
            self.faults += reader.faults
        if not reader.is_sound((_variable(path),)):
            self.faulty.add(path)
        return value

    def _with_usual_variables(self, settings: Settings) -> Settings:
        """What other programs also read: keys such as OPENAI_API_KEY, and XDG_CACHE_HOME, stand in for defaults."""
        for usual in vendor_table.USUAL_VARIABLES:
            for vendor, name in usual.names.items():
                words, path = self.environ.get(name), ("vendor", vendor, usual.key)
                if words and not getattr(settings.vendors.get(vendor), usual.key, None):
                    self.used[path] = name
                    if not usual.fits(words):
                        self.faulty.add(path)
                        self.faults.append(Fault(ENVIRONMENT, 0, name, usual.problem, usual.remedy))
        providers = settings.providers
        if providers.models_dir == ProviderSettings().models_dir and (cache := self.environ.get("XDG_CACHE_HOME")):
            providers = replace(providers, models_dir=Path(cache) / "offhook" / "models")
        vendors = vendor_table.with_usual_variables(settings.vendors, self.environ)
        return replace(settings, providers=providers, vendors=vendors)


def _variable(path: KeyPath) -> str:
    return "_".join(("OFFHOOK", *(str(part).upper() for part in path)))


def _leaves(section: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every field one variable can say; lists and tables of names only a file can hold."""
    hints = get_type_hints(section, include_extras=True)
    for each in fields(section):
        if "key" in each.metadata:
            continue
        if is_dataclass(hints[each.name]):
            yield from _leaves(hints[each.name], (*path, each.name))
        else:
            yield (*path, each.name), hints[each.name]


def _as_toml(words: str, hint: Any) -> object:
    """A variable's text as the TOML value it stands for: whole numbers, true and false, lists parted by commas."""
    kinds = kinds_of(hint)
    if bool in kinds:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(words.lower(), words)
    if int in kinds and re.fullmatch(r"-?\d+", words):
        return int(words)
    if any(getattr(kind, "__origin__", None) is tuple for kind in kinds):
        return [word.strip() for word in words.split(",")]
    return words


def _with(section: Any, path: KeyPath, value: object) -> Any:
    name, *rest = (str(part) for part in path)
    return replace(section, **{name: _with(getattr(section, name), tuple(rest), value) if rest else value})


def _broken_rules(settings: Settings, *, all_trunks: bool) -> Iterator[BrokenRule]:
    """Trunks are compared only when none was left out as unreadable: their places in the file count."""
    yield from sip_settings.broken(settings.sip, settings.trunks if all_trunks else ())
    if not re.fullmatch(r"[A-Za-z0-9._-]+", settings.node):
        yield BrokenRule((("node",),), "is no name", "letters, digits, dots, dashes and underscores")
    redis = settings.redis
    if redis.url and urlsplit(redis.url.reveal()).scheme not in ("redis", "rediss", "unix"):
        yield BrokenRule((("redis", "url"),), "is no Redis URL", "redis://HOST:PORT/0 or unix:///PATH")
    if redis.call_ttl_s < settings.limits.max_call_s:
        yield BrokenRule((("redis", "call_ttl_s"), ("limits", "max_call_s")), "is shorter than a call may last")
    for names, problem, remedy in vendor_table.broken(settings.vendors):
        yield BrokenRule((("vendor", *names),), problem, remedy)
    for alias in settings.aliases:
        if alias.partition("/")[0] in vendor_table.OWN_NAMES:
            yield BrokenRule((("aliases", alias),), "is the name of an engine of our own", "another name")
    for names, problem, remedy in control_settings.broken(settings.control):
        yield BrokenRule(tuple(("control", name) for name in names), problem, remedy)


def _broken_names(found: Reading) -> Iterator[BrokenRule]:
    """Names that nobody answers to. Flows are the dialplan's to know: any scripted one passes here."""
    chosen, aliases = found.settings.providers, found.settings.aliases
    flows = [flow for name in (*listed(chosen.llm), *aliases.values()) if (flow := flow_of(name))]
    table = ProviderTable(chosen, flows, found.settings.known)
    for alias, name in aliases.items():
        if found.explains(name) and not any(table.found(layer, name) for layer in WHAT):
            yield BrokenRule((("aliases", alias),), f"nobody is called {name!r}", "VENDOR/MODEL")
    for layer, what in WHAT.items():
        if not chosen.of(layer):
            yield BrokenRule((("providers", layer),), "is empty", "a name, or several in the order to try them")
        for place, written in found.names(layer):
            name = table.aliased(written)
            if found.explains(written) and table.found(layer, name) is None:
                yield BrokenRule((place,), f"no {what} is called {name!r}", table.remedy(layer, name))
