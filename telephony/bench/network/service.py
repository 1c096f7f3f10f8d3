"""The service in the far network. Rule: nothing in it is simulated, and it knows of no damage."""

import argparse
import sys
from pathlib import Path
from typing import Any

import uvloop

from pipeline import observe
from telephony import settings
from telephony.bench.network.line import FAR, NEAR
from telephony.bench.subject import until_told_to_stop
from telephony.service import Service


def written(folder: Path, dialplan: str) -> Path:
    """Settings for it, beside a dialplan; returns their file."""
    (folder / "dialplan.toml").write_text(dialplan)
    config = folder / "offhook.toml"
    config.write_text(
        f'dialplan = "dialplan.toml"\n[sip]\nbind_address = "{FAR}"\nudp_port = 0\ntcp_port = "off"\n'
        f'allow = ["{NEAR}"]\n[media]\nrecordings_dir = "{folder / "calls"}"\n[control]\nport = "off"\n'
        '[limits]\ndrain_s = 0\n[log]\nlevel = "error"\n[providers]\nrecogniser_processes = 1\n'
    )
    return config


async def serve(config: Path) -> None:
    """Answer the phone until told to stop; who asks is told where recordings lie, and sums of how calls were heard."""
    chosen = settings.read(config)
    observe.set_up(chosen.log)
    async with Service(chosen) as service:

        async def told() -> dict[str, Any]:
            await service.writer.written()
            counts = service.counters.snapshot()
            return {
                "recordings": {record.sip_call_id: record.recording for record in await service.store.calls()},
                "measured": counts.get('calls_measured{trunk="none"}', 0),
                "mos": counts.get('mos_hundredths{trunk="none"}', 0) / 100,
                "received": counts.get('rtp_packets{trunk="none"}', 0),
                "lost": counts.get('rtp_packets_lost{trunk="none"}', 0),
            }

        await until_told_to_stop({"at": f"{FAR}:{service.endpoint.port('udp')}"}, told)


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    uvloop.run(serve(parser.parse_args().config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
