"""The service as a settings file has it, for benches. Rule: nothing in it is simulated; the file names its vendors."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import uvloop

from pipeline import observe
from telephony import settings
from telephony.bench.nominal import nominal_ms
from telephony.bench.subject import until_told_to_stop
from telephony.service import Service
from telephony.vendor_table import Layer


def vendor_text(name: str, url: str, layer: Layer, protocol: str) -> str:
    """A vendor as a settings file tells of it."""
    return f'[vendor.{name}]\nbase_url = "{url}"\napi_key = "bench"\n{layer} = "{protocol}"\nvoice = "bench"\n'


def written(
    folder: Path, dialplan: str, providers: Mapping[Layer, str], vendors: Iterable[str], max_calls: int
) -> Path:
    """Settings with these vendors, and providers for sessions that name none, beside a dialplan; returns their file."""
    sip = f'bind_address = "127.0.0.1"\nudp_port = 0\ntcp_port = "off"\nmax_calls = {max_calls}'
    chosen = "\n".join(f'{layer} = "{name}"' for layer, name in providers.items())
    (folder / "dialplan.toml").write_text(dialplan)
    config = folder / "offhook.toml"
    config.write_text(
        f'dialplan = "dialplan.toml"\n[sip]\n{sip}\n[control]\nport = "off"\n[limits]\ndrain_s = 0\n'
        f'[log]\nlevel = "error"\n[providers]\n{chosen}\n' + "".join(vendors)
    )
    return config


async def serve(config: Path) -> None:
    """Answer the phone until told to stop."""
    chosen = settings.read(config)
    observe.set_up(chosen.log)
    async with Service(chosen) as service:
        await until_told_to_stop({"port": service.endpoint.port("udp"), "nominal_ms": nominal_ms()})


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    uvloop.run(serve(parser.parse_args().config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
