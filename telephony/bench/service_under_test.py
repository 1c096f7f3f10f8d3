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
from pipeline.providers import LanguageModel
from pipeline.providers.simulated import SimulatedModel, SimulatedSpeechToText, SimulatedVoice
from pipeline.realtime.config import SessionConfig
from telephony import settings as chosen
from telephony.bench.nominal import LATENCY, REPLY, SPARE_CALLS, nominal_ms
from telephony.bench.subject import until_told_to_stop
from telephony.dialplan import parse
from telephony.service import Service
from telephony.settings import ControlSettings, LogSettings, SipSettings
from telephony.vendors import Opening, Vendors

DIALPLAN = """
[[route]]
did = "*"
agent = "bench"

[agents.bench]
model = "simulated"
"""


class SimulatedVendors(Vendors):
    """The service's table of vendors with one entry for each layer."""

    def problem(self, config: SessionConfig, *, strictly: bool = False) -> str | None:
        """None: whatever a config names is simulated."""
        return None

    def settled(self, asked: SessionConfig, before: SessionConfig) -> Named:
        """As it is asked."""
        return as_asked(asked, before)

    def recognisers(self, agent: SessionConfig) -> dict[str, Opening]:
        """The simulated one."""
        return {"simulated": lambda: SimulatedSpeechToText(LATENCY).open(None, None)}

    def language_models(self, agent: SessionConfig) -> dict[str, LanguageModel]:
        """The simulated one."""
        return {"simulated": SimulatedModel(LATENCY, lambda _: REPLY)}

    def voices(self, agent: SessionConfig, *, narrow: bool) -> dict[str, Speaker]:
        """The simulated one."""
        return {"simulated": Speaker(SimulatedVoice(LATENCY, narrow=narrow), str)}


class ServiceUnderTest(Service):
    """`offhook serve` with those vendors."""

    def vendors(self) -> Vendors:
        """The simulated ones."""
        # The embedded recogniser's processes would only take up room.
        simulated = replace(self.settings.providers, stt="simulated")
        return SimulatedVendors(replace(self.settings, providers=simulated), self.dialplan.agents, self.dialplan.flows)


async def serve(calls: int) -> None:
    """Answer the phone until told to stop."""
    settings = replace(
        chosen.read(None),
        sip=SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=None, max_calls=calls + SPARE_CALLS),
        control=ControlSettings(port=0, max_sessions=calls + SPARE_CALLS),
    )
    async with ServiceUnderTest(settings, dialplan=parse(DIALPLAN, "the bench's dialplan")) as service:
        assert service.control is not None
        url = service.control.addresses[0]
        await until_told_to_stop({"port": service.endpoint.port("udp"), "url": url, "nominal_ms": nominal_ms()})


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    arguments = parser.parse_args()
    observe.set_up(LogSettings(level="warning"))
    uvloop.run(serve(arguments.calls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
