"""The service as a settings file has it, for benches. Rule: nothing in it is simulated; the file names its vendors."""

import argparse
import sys
from pathlib import Path

import uvloop

from pipeline import observe
from telephony import settings
from telephony.bench.subject import until_told_to_stop
from telephony.service import Service


async def serve(config: Path) -> None:
    """Answer the phone until told to stop."""
    chosen = settings.read(config)
    observe.set_up(chosen.log)
    async with Service(chosen) as service:
        await until_told_to_stop({"port": service.endpoint.port("udp")})


def main() -> int:
    """The process under test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    uvloop.run(serve(parser.parse_args().config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
