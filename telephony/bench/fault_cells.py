"""Every vendor file and every fault that it is tried with. Rule: a fault is made by the vendor's server or on the way.

A stage is a vendor's local server (`telephony.bench.vendor_servers`) behind a proxy that breaks connections. What is
tried here says nothing of the vendor itself: see each vendor file's live test.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from telephony.bench.vendor_servers.anthropic_llm import MessagesServer
from telephony.bench.vendor_servers.assemblyai_server import AssemblyAIServer
from telephony.bench.vendor_servers.cartesia_server import CartesiaServer
from telephony.bench.vendor_servers.deepgram_flux_server import DeepgramFluxServer
from telephony.bench.vendor_servers.deepgram_nova_server import DeepgramNovaServer
from telephony.bench.vendor_servers.deepgram_speak_server import DeepgramSpeakServer
from telephony.bench.vendor_servers.elevenlabs_server import ElevenLabsServer
from telephony.bench.vendor_servers.fault_proxy import CloseAfter, Drip, FaultProxy, HalfOpen, Refuse, StallAfter
from telephony.bench.vendor_servers.inworld_server import InworldServer
from telephony.bench.vendor_servers.inworld_stt_server import InworldSttServer
from telephony.bench.vendor_servers.openai_files_server import OpenAIFilesServer
from telephony.bench.vendor_servers.openai_llm import ChatServer
from telephony.bench.vendor_servers.openai_speech_server import OpenAISpeechServer
from telephony.bench.vendor_servers.openai_transcription_server import OpenAITranscriptionServer
from telephony.makers import NARROW_VOICES
from telephony.vendor_table import Layer

Fault = Literal["refuse", "half-open", "stall", "close", "drip", "wrong JSON", "401", "429", "500"]
FAULTS: Final[tuple[Fault, ...]] = (
    *("refuse", "half-open", "stall", "close", "drip"),
    *("wrong JSON", "401", "429", "500"),
)
DRIP_S: Final = 0.2
INTO_BYTES: Final[Mapping[Layer, int]] = {"stt": 60, "llm": 900, "tts": 50_000}
INTO_NARROW_BYTES: Final = INTO_BYTES["tts"] // 6
"""How far into an answer a connection stalls or is closed: of one in mu-law at 8 kHz a sixth as far."""


class VendorServer(Protocol):
    """A simulated vendor."""

    status: int | None
    wrong_json: bool

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    @property
    def url(self) -> str:
        """Its base URL."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """One vendor file: the layer and protocol it serves, the model that calls for it, and its local server."""

    layer: Layer
    file: str
    protocol: str
    model: str
    server: Callable[..., AbstractAsyncContextManager[Any]]
    key: str


TRIED: Final[tuple[Tried, ...]] = (
    Tried("stt", "deepgram_nova", "deepgram", "nova-3", DeepgramNovaServer, "DEEPGRAM_API_KEY"),
    Tried("stt", "deepgram_flux", "deepgram", "flux-general-en", DeepgramFluxServer, "DEEPGRAM_API_KEY"),
    Tried("stt", "openai_transcription", "openai", "gpt-4o-transcribe", OpenAITranscriptionServer, "OPENAI_API_KEY"),
    Tried("stt", "openai_files", "openai-files", "whisper-1", OpenAIFilesServer, "OPENAI_API_KEY"),
    Tried("stt", "assemblyai_stt", "assemblyai", "universal-streaming-english", AssemblyAIServer, "ASSEMBLYAI_API_KEY"),
    Tried("stt", "inworld_stt", "inworld", "inworld-stt-1", InworldSttServer, "INWORLD_API_KEY"),
    Tried("llm", "openai_chat", "openai", "gpt-4.1-mini", ChatServer, "OPENAI_API_KEY"),
    Tried("llm", "anthropic_chat", "anthropic", "claude-haiku-4-5", MessagesServer, "ANTHROPIC_API_KEY"),
    Tried("tts", "elevenlabs_tts", "elevenlabs", "eleven_flash_v2_5", ElevenLabsServer, "ELEVENLABS_API_KEY"),
    Tried("tts", "cartesia_tts", "cartesia", "sonic-3", CartesiaServer, "CARTESIA_API_KEY"),
    Tried("tts", "deepgram_tts", "deepgram", "aura-2-thalia-en", DeepgramSpeakServer, "DEEPGRAM_API_KEY"),
    Tried("tts", "openai_speech", "openai", "gpt-4o-mini-tts", OpenAISpeechServer, "OPENAI_API_KEY"),
    Tried("tts", "inworld_tts", "inworld", "inworld-tts-1.5-max", InworldServer, "INWORLD_API_KEY"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A vendor's server and the way to it."""

    tried: Tried
    server: VendorServer
    proxy: FaultProxy

    @property
    def url(self) -> str:
        """The vendor's base URL, by way of the proxy."""
        return self.server.url.replace(f":{self.server.port}", f":{self.proxy.port}")

    @property
    def in_use(self) -> bool:
        """Whether a call that has been greeted came to this vendor; what nobody uses cannot fail.

        Files of speech are sent when there is speech: until then nothing is to be seen of that vendor.
        """
        server: Any = self.server
        if self.tried.layer == "tts":
            return bool(server.spoken)
        return bool(self.proxy.connections) or self.tried.file == "openai_files"

    def arm(self, fault: Fault) -> None:
        """From now on this goes wrong."""
        is_narrow = self.tried.layer == "tts" and self.tried.protocol in NARROW_VOICES
        into_bytes = INTO_NARROW_BYTES if is_narrow else INTO_BYTES[self.tried.layer]
        match fault:
            case "refuse":
                self.proxy.arm(Refuse())
            case "half-open":
                self.proxy.arm(HalfOpen())
            case "stall":
                self.proxy.arm(StallAfter(into_bytes))
            case "close":
                self.proxy.arm(CloseAfter(into_bytes))
            case "drip":
                self.proxy.arm(Drip(DRIP_S))
            case "wrong JSON":
                self.server.wrong_json = True
            case "401" | "429" | "500":
                self.server.status = int(fault)
                # A connection that is open already would not be refused: it is lost, and then refused.
                self.proxy.arm(CloseAfter(0))
                self.proxy.clear()


@asynccontextmanager
async def staged(tried: Tried, server: AbstractAsyncContextManager[Any] | None = None) -> AsyncIterator[Stage]:
    """The vendor's server (or this one) with a proxy before it."""
    async with server or tried.server() as running, FaultProxy(running.port) as proxy:
        yield Stage(tried, running, proxy)


def page() -> str:
    """What each vendor file has been tried with, as a page for people."""
    rows = [
        f"| `{one.file}.py` | {one.layer} | `{one.protocol}` | `{one.server.__name__}` | {len(FAULTS)} | `{one.key}` |"
        for one in TRIED
    ]
    return "\n".join((PAGE_HEAD.format(faults=", ".join(FAULTS)), *rows, ""))


PAGE_HEAD: Final = """\
# Vendor files, and what they have been tried with

Written by `python -m telephony.bench.fault_cells`; a test holds it to the code.

Every file passes its layer's contract suite (`tests/shell/test_{{stt,tts}}_contract.py`, `test_openai_chat.py`,
`test_anthropic_chat.py`) against a local server that speaks the vendor's protocol, and every fault there is
({faults}) in `tests/shell/test_fault_matrix.py`; `offhook bench faults` tells what a caller hears of them. A local
server proves framing and failures, not the vendor: the tests in `tests/live` do, when the key is in the environment.
None of them has been run against a vendor yet.

| file | layer | protocol | local server | faults | live test runs with |
|---|---|---|---|---|---|"""


if __name__ == "__main__":
    Path("pipeline/providers/README.md").write_text(page())
