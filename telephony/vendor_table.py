"""The vendors that everybody knows, and what a settings file adds. Rule: a vendor is a row, never code.

A vendor has one address, or one for each layer where it differs, and for each layer that it serves the protocol it
speaks there. Who speaks a protocol is `telephony.makers`' to say. `openai-files` is `audio/transcriptions`, which hears
an utterance when it is over; `openai` in hearing is Realtime transcription.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import urlsplit

from telephony.faults import did_you_mean
from telephony.secret import Secret

Layer = Literal["stt", "llm", "tts"]

PROTOCOLS: Final[Mapping[Layer, tuple[str, ...]]] = MappingProxyType(
    {
        "stt": ("assemblyai", "deepgram", "inworld", "openai", "openai-files"),
        "llm": ("anthropic", "gemini", "openai"),
        "tts": ("cartesia", "deepgram", "elevenlabs", "inworld", "openai"),
    }
)
OWN_NAMES: Final = frozenset(("embedded", "scripted", "simulated"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """How a vendor is reached. What stands for one layer (`llm_base_url`) wins over what stands for all (`base_url`).

    `stt`, `llm` and `tts` are the protocols it speaks; empty where it serves nothing. `voice` is its own name for the
    voice that speaks where a session names none, or one of another vendor's.
    """

    base_url: str = ""
    stt_base_url: str = ""
    llm_base_url: str = ""
    tts_base_url: str = ""
    api_key: Secret | None = None
    stt: str = ""
    llm: str = ""
    tts: str = ""
    voice: str = ""

    def protocol(self, layer: Layer) -> str:
        """What it speaks in this layer; empty when it serves nothing there."""
        return {"stt": self.stt, "llm": self.llm, "tts": self.tts}[layer]

    def url(self, layer: Layer) -> str:
        """Where it serves this layer."""
        return {"stt": self.stt_base_url, "llm": self.llm_base_url, "tts": self.tts_base_url}[layer] or self.base_url

    def over(self, built_in: "Vendor") -> "Vendor":
        """The built-in vendor with what is said here instead; an address said for all layers is one for all."""
        said = {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name)}
        if self.base_url:
            said = {f"{layer}_base_url": "" for layer in PROTOCOLS} | said
        return replace(built_in, **said)


BUILT_IN: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        "anthropic": Vendor(base_url="https://api.anthropic.com", llm="anthropic"),
        "assemblyai": Vendor(base_url="https://streaming.assemblyai.com", stt="assemblyai"),
        "cartesia": Vendor(
            base_url="https://api.cartesia.ai", tts="cartesia", voice="694f9389-aac1-45b6-b726-9d9369183238"
        ),
        "deepgram": Vendor(base_url="https://api.deepgram.com", stt="deepgram", tts="deepgram"),
        "elevenlabs": Vendor(base_url="https://api.elevenlabs.io", tts="elevenlabs", voice="JBFqnCBsd6RMkjVDRZzb"),
        "google": Vendor(base_url="https://generativelanguage.googleapis.com/v1beta/openai/", llm="gemini"),
        "groq": Vendor(base_url="https://api.groq.com/openai/v1", stt="openai-files", llm="openai"),
        "inworld": Vendor(
            base_url="https://api.inworld.ai",
            llm_base_url="https://api.inworld.ai/v1",
            stt="inworld",
            llm="openai",
            tts="inworld",
            voice="Ashley",
        ),
        "mistral": Vendor(base_url="https://api.mistral.ai/v1", llm="openai"),
        "ollama": Vendor(base_url="http://127.0.0.1:11434/v1", llm="openai"),
        "openai": Vendor(base_url="https://api.openai.com/v1", stt="openai", llm="openai", tts="openai", voice="alloy"),
        "openrouter": Vendor(base_url="https://openrouter.ai/api/v1", llm="openai"),
        "together": Vendor(base_url="https://api.together.xyz/v1", llm="openai"),
        "vllm": Vendor(base_url="http://127.0.0.1:8000/v1", llm="openai"),
        "xai": Vendor(base_url="https://api.x.ai/v1", llm="openai"),
    }
)

KEY_VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "anthropic": "ANTHROPIC_API_KEY",
        "assemblyai": "ASSEMBLYAI_API_KEY",
        "cartesia": "CARTESIA_API_KEY",
        "deepgram": "DEEPGRAM_API_KEY",
        "elevenlabs": "ELEVENLABS_API_KEY",
        "google": "GEMINI_API_KEY",
        "groq": "GROQ_API_KEY",
        "inworld": "INWORLD_API_KEY",
        "mistral": "MISTRAL_API_KEY",
        "openai": "OPENAI_API_KEY",
        "openrouter": "OPENROUTER_API_KEY",
        "together": "TOGETHER_API_KEY",
        "xai": "XAI_API_KEY",
    }
)
NO_KEY: Final = "is no key"
NO_ADDRESS: Final = "is no web address"
ADDRESS_HINT: Final = "https://HOST/v1"
KEY_HINT: Final = "letters, digits and signs, without blanks or a line's end"
URL_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({"openai": "OPENAI_BASE_URL"})


def known(told: Mapping[str, Vendor]) -> dict[str, Vendor]:
    """The built-in vendors, and those of a settings file, over them where they have the same name."""
    ours = {name: each.over(BUILT_IN.get(name, Vendor())) for name, each in told.items()}
    return dict(sorted({**BUILT_IN, **ours}.items()))


def with_usual_variables(told: Mapping[str, Vendor], environ: Mapping[str, str]) -> dict[str, Vendor]:
    """What is told, and the keys and addresses that other programs also read where it says nothing."""
    vendors = dict(told)
    for name in BUILT_IN:
        vendor = vendors.get(name, Vendor())
        key = environ.get(KEY_VARIABLES.get(name, ""), "")
        if not vendor.api_key and is_sendable(key):
            vendors[name] = vendor = replace(vendor, api_key=Secret(key))
        url = environ.get(URL_VARIABLES.get(name, ""), "")
        if not vendor.base_url and is_web_address(url):
            vendors[name] = replace(vendor, base_url=url)
    return vendors


def lacks_key(name: str, vendor: Vendor) -> bool:
    """Whether it will refuse us for want of a key: the vendor itself does, a server of one's own may not."""
    own_url = vendor.base_url == BUILT_IN[name].base_url if name in BUILT_IN else False
    return name in KEY_VARIABLES and own_url and not vendor.api_key


def key_remedy(name: str) -> str:
    """What to do about a missing key."""
    return f"set {KEY_VARIABLES[name]}, or api_key under [vendor.{name}]"


def broken(told: Mapping[str, Vendor]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What is wrong with the vendors of a settings file: the key below `vendor`, the problem, the remedy."""
    for name, vendor in told.items():
        if name in OWN_NAMES or "/" in name or not name:
            yield (name,), "is no name for a vendor", "a word of its own, without a slash"
        for key in ("base_url", *(f"{layer}_base_url" for layer in PROTOCOLS)):
            url = getattr(vendor, key)
            if url and not is_web_address(url):
                yield (name, key), NO_ADDRESS, ADDRESS_HINT
        if vendor.api_key and not is_sendable(vendor.api_key.reveal()):
            yield (name, "api_key"), NO_KEY, KEY_HINT
        for layer, protocols in PROTOCOLS.items():
            protocol = vendor.protocol(layer)
            if protocol and protocol not in protocols:
                yield (name, layer), f"no protocol is called {protocol!r}", did_you_mean(protocol, protocols)
        if name not in BUILT_IN:
            served = [layer for layer in PROTOCOLS if vendor.protocol(layer)]
            if not served:
                yield (name,), "speaks no protocol", 'llm = "openai" for a server of chat completions'
            if not all(vendor.url(layer) for layer in served or PROTOCOLS):
                yield (name, "base_url"), "is missing", "where the vendor is: https://HOST/v1"


def is_sendable(key: str) -> bool:
    """Whether a key can stand in an HTTP header; a line's end that came along with it cannot."""
    return bool(key) and key.isascii() and key.isprintable() and " " not in key


def is_web_address(url: str) -> bool:
    """Whether something may be there."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https", "ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class UsualVariables:
    """Variables that other programs also read, by vendor; what one says stands in for a key of the vendor's table."""

    key: str
    names: Mapping[str, str]
    fits: Callable[[str], bool]
    problem: str
    remedy: str


USUAL_VARIABLES: Final = (
    UsualVariables("base_url", URL_VARIABLES, is_web_address, NO_ADDRESS, ADDRESS_HINT),
    UsualVariables("api_key", KEY_VARIABLES, is_sendable, NO_KEY, KEY_HINT),
)
