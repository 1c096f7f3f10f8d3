"""What the service is told: one TOML file and OFFHOOK_* variables. Rule: nobody else reads the environment.

Every section has defaults good for `offhook serve` with no file at all. A variable OFFHOOK_SECTION_FIELD (or
OFFHOOK_FIELD at the top level) wins over the file. Relative paths are relative to the file that holds them.
"""

import ipaddress
import os
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlsplit

from msgspec import Meta

from telephony import control_settings, vendor_table
from telephony.control_settings import ControlSettings, Port
from telephony.faults import Fault, FaultyError, did_you_mean
from telephony.patience_settings import PatienceSettings
from telephony.provider_table import WHAT, Known, Names, ProviderTable, flow_of, listed
from telephony.secret import AccessKey, Secret
from telephony.toml_text import KeyPath, TomlText, parse
from telephony.typed_table import Reader, Unread, kinds_of
from telephony.vendor_table import Layer, Vendor

__all__ = ["ControlSettings", "Secret"]  # besides what is defined here

PositiveInt = Annotated[int, Meta(ge=1)]
DEFAULT_DIALPLAN = Path(__file__).resolve().parent.parent / "dialplans" / "reception.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """The endpoint. Port 0 is any free port, "off" no listener. Each call takes two ports of the RTP range."""

    bind_address: str = "0.0.0.0"
    public_address: str | None = None
    udp_port: Port | None = 5_060
    tcp_port: Port | None = 5_060
    rtp_first_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 20_000
    rtp_last_port: Annotated[int, Meta(ge=1_024, le=65_535)] = 23_999
    codecs: tuple[Literal["PCMU", "PCMA"], ...] = ("PCMU", "PCMA")
    user_agent: str = "offhook"
    max_calls: Annotated[int, Meta(ge=1, le=512)] = 200
    ring_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A carrier or PBX. `proxy` is where requests go when not to the registrar; `caller` is our number on it."""

    name: str
    registrar: str
    username: str = ""
    password: Secret | None = None
    realm: str = "*"
    expires_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    identity: str | None = None
    caller: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """What is kept of a call's audio; "off" keeps nothing."""

    recordings_dir: Path | None = None


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
    sip: SipSettings = SipSettings()
    trunks: tuple[Trunk, ...] = field(default=(), metadata={"key": "trunk"})
    media: MediaSettings = MediaSettings()
    redis: RedisSettings = RedisSettings()
    providers: ProviderSettings = ProviderSettings()
    vendors: dict[str, Vendor] = field(default_factory=dict, metadata={"key": "vendor"})
    aliases: dict[str, str] = field(default_factory=dict, metadata={"key": "aliases"})
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    control: ControlSettings = field(default_factory=ControlSettings)
    written: TomlText = field(
        default_factory=lambda: TomlText("settings", {}, {}), compare=False, repr=False, metadata={"key": None}
    )

    @property
    def known(self) -> Known:
        """Every vendor, and other names for their models."""
        return Known(vendor_table.known(self.vendors), self.aliases)


class SettingsError(FaultyError):
    """The settings cannot be used; `faults` says everything wrong. `dialplan` is where they would look for it."""

    def __init__(self, faults: Iterable[Fault], dialplan: Path | None = None) -> None:
        super().__init__(faults)
        self.dialplan = dialplan


def read(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in this file (None: the defaults) and in the environment; raises SettingsError with every fault."""
    environ = os.environ if environ is None else environ
    text = _text(path)
    given = _Environment(environ, folder=path.resolve().parent if path else Path.cwd())
    reader = Reader(text, given.decode)
    settings: Settings = reader.read(Settings, text.table, ())
    settings = given.over(settings)
    faults = [*reader.faults, *given.faults]
    for broken in _broken_rules(settings, all_trunks=len(settings.trunks) == len(text.table.get("trunk", ()))):
        if reader.is_sound(*broken.paths) and given.is_sound(*broken.paths):
            at = broken.paths[0]
            faults.append(given.fault(at, broken) or text.fault(at, broken.problem, broken.remedy))
    if faults:
        known = reader.is_sound(("dialplan",)) and given.is_sound(("dialplan",))
        raise SettingsError(faults, settings.dialplan if known else None)
    return replace(settings, written=TomlText(text.file, {}, text.lines))


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


@dataclass(frozen=True, slots=True)
class _Broken:
    """A rule that no single field can check. The fault stands at the first of the keys it compares."""

    paths: tuple[KeyPath, ...]
    problem: str
    remedy: str = ""


@dataclass(slots=True)
class _Environment:
    """OFFHOOK_* variables, and those that a file names as `env:NAME`."""

    environ: Mapping[str, str]
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    _named: set[str] = field(default_factory=set)
    _used: dict[KeyPath, str] = field(default_factory=dict)
    _faulty: set[KeyPath] = field(default_factory=set)

    def decode(self, kind: type, raw: Any) -> Any:
        """A path or a secret out of a string."""
        if not isinstance(raw, str):
            raise ValueError(f"expected a string, got {type(raw).__name__}")
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
                self.faults.append(Fault("environment", 0, name, "unknown variable", did_you_mean(name, variables)))
                continue
            path, hint = variables[name]
            self._used[path] = name
            value = self._value(path, hint, words)
            if not isinstance(value, Unread):
                settings = _with(settings, path, value)
        return self._with_usual_variables(settings)

    def fault(self, path: KeyPath, broken: _Broken) -> Fault | None:
        """The fault, when it is the environment's: it said this value."""
        name = self._used.get(path)
        return Fault("environment", 0, name, broken.problem, broken.remedy) if name else None

    def is_sound(self, *paths: KeyPath) -> bool:
        """Nothing is wrong with what the environment says about these keys."""
        return self._faulty.isdisjoint(paths)

    def _value(self, path: KeyPath, hint: Any, words: str) -> Any:
        reader = Reader(TomlText("environment", {}, {}), self.decode)
        given = _as_toml(words, hint)
        value = reader.read(hint, given, (_variable(path),))
        if int in kinds_of(hint) and isinstance(given, str) and isinstance(value, Unread):
            self.faults.append(Fault("environment", 0, _variable(path), f"{words!r} is not a whole number"))
        else:
            self.faults += reader.faults
        if not reader.is_sound((_variable(path),)):
            self._faulty.add(path)
        return value

    def _with_usual_variables(self, settings: Settings) -> Settings:
        """What other programs also read: keys such as OPENAI_API_KEY, and XDG_CACHE_HOME, stand in for defaults."""
        for name in vendor_table.URL_VARIABLES.values():
            if (url := self.environ.get(name)) and not vendor_table.is_web_address(url):
                self.faults.append(Fault("environment", 0, name, "is no web address", "https://HOST/v1"))
        for vendor, name in vendor_table.KEY_VARIABLES.items():
            key, own = self.environ.get(name), settings.vendors.get(vendor)
            if key and not (own and own.api_key) and not vendor_table.is_sendable(key):
                self.faults.append(Fault("environment", 0, name, vendor_table.NO_KEY, vendor_table.KEY_HINT))
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


def _broken_rules(settings: Settings, *, all_trunks: bool) -> Iterator[_Broken]:
    """Trunks are compared only when none was left out as unreadable: their places in the file count."""
    yield from _broken_addresses(settings.sip)
    yield from _broken_ports(settings.sip)
    yield from _broken_trunks(settings.trunks if all_trunks else ())
    if not re.fullmatch(r"[A-Za-z0-9._-]+", settings.node):
        yield _Broken((("node",),), "is no name", "letters, digits, dots, dashes and underscores")
    redis = settings.redis
    if redis.url and urlsplit(redis.url.reveal()).scheme not in ("redis", "rediss", "unix"):
        yield _Broken((("redis", "url"),), "is no Redis URL", "redis://HOST:PORT/0 or unix:///PATH")
    if redis.call_ttl_s < settings.limits.max_call_s:
        yield _Broken((("redis", "call_ttl_s"), ("limits", "max_call_s")), "is shorter than a call may last")
    yield from _broken_providers(settings)
    for names, problem, remedy in control_settings.broken(settings.control):
        yield _Broken(tuple(("control", name) for name in names), problem, remedy)


def _broken_providers(settings: Settings) -> Iterator[_Broken]:
    """Flows are the dialplan's to know: any scripted one passes here."""
    for names, problem, remedy in vendor_table.broken(settings.vendors):
        yield _Broken((("vendor", *names),), problem, remedy)
    chosen = settings.providers
    flows = [flow for name in (*listed(chosen.llm), *settings.aliases.values()) if (flow := flow_of(name))]
    table = ProviderTable(chosen, flows, settings.known)
    for alias, name in settings.aliases.items():
        if not any(table.found(layer, name) for layer in WHAT):
            yield _Broken((("aliases", alias),), f"nobody is called {name!r}", "VENDOR/MODEL")
    for layer, what in WHAT.items():
        if not chosen.of(layer):
            yield _Broken((("providers", layer),), "is empty", "a name, or several in the order to try them")
        for place, written in chosen.of(layer):
            name = table.aliased(written)
            if table.found(layer, name) is None:
                yield _Broken((place,), f"no {what} is called {name!r}", table.remedy(layer, name))


def _broken_addresses(sip: SipSettings) -> Iterator[_Broken]:
    for name, address in (("bind_address", sip.bind_address), ("public_address", sip.public_address)):
        if address is not None and not _is_ipv4(address):
            yield _Broken((("sip", name),), "is no IPv4 address", "four numbers, e.g. 192.0.2.10")
    if sip.public_address == "0.0.0.0":
        yield _Broken((("sip", "public_address"),), "is where nobody can reach us", "the address others see")
    if sip.udp_port is None and sip.tcp_port is None:
        yield _Broken((("sip", "udp_port"), ("sip", "tcp_port")), "and tcp_port are both off", "listen on one of them")
    if not sip.codecs:
        yield _Broken((("sip", "codecs"),), "is empty", 'e.g. ["PCMU", "PCMA"]')


def _broken_ports(sip: SipSettings) -> Iterator[_Broken]:
    first, last = sip.rtp_first_port, sip.rtp_last_port
    if first % 2:
        yield _Broken((("sip", "rtp_first_port"),), "is odd", f"RTP takes even ports: {first + 1}")
    elif last < first + 2 * sip.max_calls - 1:
        yield _Broken(
            (("sip", "rtp_last_port"), ("sip", "rtp_first_port"), ("sip", "max_calls")),
            f"leaves {max(0, (last - first + 1) // 2)} pairs of RTP ports for {sip.max_calls} calls",
            f"rtp_last_port = {first + 2 * sip.max_calls - 1} or more",
        )
    for name, port in (("udp_port", sip.udp_port), ("tcp_port", sip.tcp_port)):
        if port is not None and first <= port <= last:
            yield _Broken((("sip", name), ("sip", "rtp_first_port"), ("sip", "rtp_last_port")), "lies in the RTP range")


def _broken_trunks(trunks: tuple[Trunk, ...]) -> Iterator[_Broken]:
    counts = Counter(trunk.name for trunk in trunks)
    for index, trunk in enumerate(trunks):
        at: KeyPath = ("trunk", index)
        if counts[trunk.name] > 1:
            yield _Broken(((*at, "name"),), f"{trunk.name!r} is the name of {counts[trunk.name]} trunks")
        for name, uri in (("registrar", trunk.registrar), ("identity", trunk.identity), ("proxy", trunk.proxy)):
            if uri is not None and not re.fullmatch(r"sips?:(?:[^@\s<>]+@)?[^@\s<>]+", uri):
                yield _Broken(((*at, name),), "is no SIP address", "sip:HOST or sip:HOST:PORT;transport=tcp")
        if trunk.password is not None and not trunk.username:
            yield _Broken(((*at, "username"),), "is missing, but there is a password")


def _is_ipv4(address: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(address))
    except ValueError:
        return False
