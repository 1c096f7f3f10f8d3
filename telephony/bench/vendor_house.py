"""One local server for each layer, in a process of its own. Rule: what they say means nothing, when is exact.

Where the machine allows it they go before all others: real vendors do not wait for a core of the service's machine.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import uvloop

from telephony.bench.nominal import LATENCY, REPLY
from telephony.bench.service_as_set import vendor_text, written
from telephony.bench.subject import say, until_told_to_stop
from telephony.bench.vendor_servers.deepgram_nova_server import DeepgramNovaServer
from telephony.bench.vendor_servers.elevenlabs_server import ElevenLabsServer
from telephony.bench.vendor_servers.openai_llm import ChatServer
from telephony.wire.listening import percentiles

BEFORE_OTHERS = -10
DIALPLAN = '[[route]]\ndid = "*"\nagent = "bench"\n[agents.bench]\ninstructions = "Be brief."\n'


def settings_for(folder: Path, urls: Mapping[str, str], max_calls: int) -> Path:
    """Settings for a service on these vendors, in a file."""
    vendors = [
        vendor_text("bench-stt", urls["stt"], "stt", "deepgram"),
        vendor_text("bench-llm", urls["llm"], "llm", "openai"),
        vendor_text("bench-tts", urls["tts"], "tts", "elevenlabs"),
    ]
    providers = {"stt": "bench-stt/nova-3", "llm": "bench-llm/gpt-4.1-mini", "tts": "bench-tts/eleven_flash_v2_5"}
    return written(folder, DIALPLAN, providers, vendors, max_calls)  # type: ignore[arg-type]


async def serve() -> None:
    """Serve until told to stop; ready with the base URL of each layer, at last with how late they were, in ms."""
    async with AsyncExitStack() as house:
        stt = await house.enter_async_context(DeepgramNovaServer(latency=LATENCY))
        llm = await house.enter_async_context(ChatServer(latency=LATENCY, reply=lambda _: REPLY))
        tts = await house.enter_async_context(ElevenLabsServer(LATENCY))
        await until_told_to_stop({"stt": stt.url, "llm": llm.url, "tts": tts.url})
        late_ms = [ms for server in (stt, llm, tts) for ms in server.lateness.late_ms]
        say({"late_ms": percentiles(late_ms, 50, 95, 100)})


def main() -> int:
    """The process of the vendors."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_OTHERS)
    uvloop.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
