"""The whole service with vendors of fixed latency. Rule: only the vendors are not real.

Speech detection, sessions, workers, journals, the private Redis, endpoint and bridge are those of `offhook serve`.
"""

import argparse
import sys
from dataclasses import replace

import uvloop

from pipeline import observe
from pipeline.fallback.voice import Speaker
from pipeline.naming import Named, as_asked
from pipeline.providers import LanguageModel, SpeechToText
from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.providers.simulated import SimulatedModel, SimulatedSpeechToText, SimulatedVoice
from pipeline.realtime.config import SessionConfig
from telephony import settings as chosen
from telephony.bench.held import held_by
from telephony.bench.lines import LINES, spoken_lines
from telephony.bench.marked_hearing import MarkedSpeechToText, Spoken
from telephony.bench.nominal import LATENCY, PARTIAL_MS, REPLY, SPARE_CALLS, nominal_ms
from telephony.bench.subject import until_told_to_stop
from telephony.dialplan import parse
from telephony.service import Service
from telephony.settings import ControlSettings, LogSettings, RedisSettings, SipSettings
from telephony.vendors import Opening, Vendors

DIALPLAN = """
[agents.bench]
model = "simulated"
[[route]]
did = "*"
agent = "bench"
"""
SEMANTIC = """
speculation = 0.5
[agents.bench.audio.input.turn_detection]
type = "semantic_vad"
eagerness = "medium"
"""


class SimulatedVendors(Vendors):
    """The service's table of vendors with one entry for each layer."""

    stt: SpeechToText = SimulatedSpeechToText(LATENCY)

    def problem(self, config: SessionConfig, *, strictly: bool = False) -> str | None:
        """None: whatever a config names is simulated."""
        return None

    def settled(self, asked: SessionConfig, before: SessionConfig) -> Named:
        """As it is asked."""
        return as_asked(asked, before)

    def recognisers(self, agent: SessionConfig) -> dict[str, Opening]:
        """The simulated one."""
        return {"simulated": lambda: self.stt.open(None, None)}

    def language_models(self, agent: SessionConfig) -> dict[str, LanguageModel]:
        """The simulated one."""
        return {"simulated": SimulatedModel(LATENCY, lambda _: REPLY)}

    def voices(self, agent: SessionConfig, *, narrow: bool) -> dict[str, Speaker]:
        """The simulated one."""
        return {"simulated": Speaker(SimulatedVoice(LATENCY, narrow=narrow), str)}


class ServiceUnderTest(Service):
    """`offhook serve` with those vendors."""

    stt: SpeechToText | None = None

    def vendors(self) -> Vendors:
        """The simulated ones."""
        # The embedded recogniser's processes would only take up room.
        simulated = replace(self.settings.providers, stt="simulated")
        vendors = SimulatedVendors(
            replace(self.settings, providers=simulated), self.dialplan.agents, self.dialplan.flows
        )
        vendors.stt = self.stt or vendors.stt
        return vendors


async def hears_marks() -> SpeechToText:
    """The recogniser of callers who mark what they say."""
    with EmbeddedVoice() as voice:
        speeches = await spoken_lines(voice)
    spoken = {line.number: Spoken(tuple(line.text.split()), speeches[line.number].duration_ms) for line in LINES}
    return MarkedSpeechToText(LATENCY, PARTIAL_MS, spoken)


async def serve(calls: int, *, semantic: bool, call_ttl_s: int) -> None:
    """Answer the phone until told to stop; who asks is told what is held."""
    settings = replace(
        chosen.read(None),
        redis=RedisSettings(call_ttl_s=call_ttl_s),
        sip=SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=None, max_calls=calls + SPARE_CALLS),
        control=ControlSettings(port=0, max_sessions=calls + SPARE_CALLS),
    )
    dialplan = parse(DIALPLAN + SEMANTIC if semantic else DIALPLAN, "the bench's dialplan")
    under_test = ServiceUnderTest(settings, dialplan=dialplan)
    under_test.stt = await hears_marks() if semantic else None
    async with under_test as service:
        assert service.control is not None
        url = service.control.addresses[0]
        ready = {"port": service.endpoint.port("udp"), "url": url, "nominal_ms": nominal_ms()}
        await until_told_to_stop(ready, lambda: held_by(service))


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--semantic", action="store_true")
    parser.add_argument("--call-ttl-s", type=int, default=3_600)
    arguments = parser.parse_args()
    observe.set_up(LogSettings(level="warning"))
    uvloop.run(serve(arguments.calls, semantic=arguments.semantic, call_ttl_s=arguments.call_ttl_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
