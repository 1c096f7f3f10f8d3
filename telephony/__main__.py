"""The `offhook` command. Rule: it reads arguments, prints what its parts report, and turns outcomes into exit codes."""

import argparse
import gc
import json
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import uvloop

from pipeline import observe
from telephony import settings
from telephony.faults import FaultyError
from telephony.settings import Settings

OK = 0
FAILED = 1
MISUSED = 2


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args()
    try:
        code: int = arguments.run(arguments)
    except FaultyError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="offhook", description="A telephone that an AI answers.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        return added

    demo = command("demo", _demo, "Hear about a real phone call: service, caller and conversation on this machine.")
    demo.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    demo.add_argument("--keep", action="store_true", help="stay up and say how to dial in with a softphone")
    serve = command("serve", _serve, "Answer the phone until told to stop.")
    call = command("call", _call, "Place one call and let an agent talk.")
    call.add_argument("target", help="a sip: URI, or a number when a trunk is named")
    call.add_argument("--agent", help="which agent talks (default: the dialplan's first)")
    call.add_argument("--trunk", help="which trunk carries the call")
    call.add_argument("--caller", help="the number that the callee sees")
    checked = command("check", _check, "Read settings and dialplan, and name every fault with file and line.")
    doctor = command("doctor", _doctor, "Find out what is wrong with this machine's set-up, and what to do.")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    for added in (serve, call, checked, doctor):
        added.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings file (TOML)")
    _add_benches(command("bench", _bench, "Measure this machine: the media path, or whole calls."))
    return parser


def _add_benches(bench: argparse.ArgumentParser) -> None:
    kinds = bench.add_subparsers(title="benches", required=True, metavar="KIND", dest="kind")
    media = kinds.add_parser("media", help="real RTP through endpoint and bridge while Python is busy")
    media.add_argument("--busy", type=float, default=0.95, help="share of time that Python is kept busy")
    calls = kinds.add_parser("calls", help="the whole cascade with simulated providers of fixed latency")
    for kind, default in ((media, 50), (calls, 100)):
        kind.add_argument("--calls", type=int, default=default)
        kind.add_argument("--seconds", type=float, default=30.0, help="length of the whole bench")
        kind.add_argument("--json", action="store_true", help="print only one JSON object")


def _read(arguments: argparse.Namespace) -> Settings:
    chosen = settings.read(arguments.config)

    observe.set_up(chosen.log)
    return chosen


def _run(work: Awaitable[int]) -> int:
    async def guarded() -> int:
        return await work

    # What is alive now stays alive: collections look at new objects only, and stay short.
    gc.collect()
    gc.freeze()
    return uvloop.run(guarded())


def _demo(arguments: argparse.Namespace) -> int:
    from telephony import demo

    return _run(demo.run(as_json=arguments.json, keep=arguments.keep))


def _serve(arguments: argparse.Namespace) -> int:
    from telephony.service import serve

    return _run(serve(_read(arguments)))


def _call(arguments: argparse.Namespace) -> int:
    from telephony.service import place_call

    work = place_call(_read(arguments), arguments.target, arguments.agent, arguments.trunk, arguments.caller)
    return _run(work)


def _check(arguments: argparse.Namespace) -> int:
    from telephony import check

    return check.run(arguments.config, sys.stdout)


def _doctor(arguments: argparse.Namespace) -> int:
    from telephony import doctor

    return _run(doctor.run(_read(arguments), sys.stdout, arguments.json))


def _bench(arguments: argparse.Namespace) -> int:
    from telephony.bench import run_calls, run_media

    progress = sys.stderr if arguments.json else sys.stdout
    if arguments.kind == "media":
        work = run_media(arguments.calls, arguments.busy, arguments.seconds, progress)
    else:
        work = run_calls(arguments.calls, arguments.seconds, progress)

    async def measured() -> int:
        print(json.dumps(await work))
        return OK

    return _run(measured())


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
