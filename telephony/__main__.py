"""The `offhook` command. Rule: it reads arguments, prints what its parts report, and turns outcomes into exit codes."""

import argparse
import io
import json
import math
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

import uvloop

from pipeline import observe
from telephony import settings
from telephony.faults import FaultyError
from telephony.settings import Settings

OK = 0
FAILED = 1
MOST_AT_ONCE = 512

N = TypeVar("N", int, float)


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args()
    try:
        code: int = arguments.run(arguments)
    except FaultyError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return FAILED
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
    checked.add_argument("--draw", action="store_true", help="print the dialplan as a Mermaid flow chart instead")
    route = command("route", _route, "Say which agent would answer a call, and why.")
    route.add_argument("--to", required=True, metavar="DID", help="the number that is called")
    route.add_argument("--from", dest="caller", default="anonymous", metavar="CALLER", help="who calls")
    route.add_argument("--at", type=_moment, metavar="TIME", help="2026-12-24T18:00, in the dialplan's zone, or +01:00")
    route.add_argument("--trunk", help="the trunk it comes by")
    route.add_argument("--diverted-from", default="", metavar="DID", help="the number that was dialled first")
    route.add_argument("--header", type=_header, action="append", default=[], metavar="NAME=VALUE")
    reload = command("reload", _reload, "Have the running service read its dialplan anew, for calls to come.")
    reload.add_argument("--key-file", type=Path, metavar="FILE", help="a key of the control API, where it wants one")
    doctor = command("doctor", _doctor, "Find out what is wrong with this machine's set-up, and what to do.")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    for added in (serve, call, checked, route, reload, doctor):
        added.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings file (TOML)")
    _add_benches(command("bench", _bench, "Measure this machine, and how well calls go on it."))
    return parser


def _add_benches(bench: argparse.ArgumentParser) -> None:
    kinds = bench.add_subparsers(title="benches", required=True, metavar="KIND", dest="kind")
    media = kinds.add_parser("media", help="real RTP through endpoint and bridge while Python is busy")
    media.add_argument("--busy", type=_share, default=0.95, help="share of time that Python is kept busy")
    calls = kinds.add_parser("calls", help="the whole cascade with simulated providers of fixed latency")
    how = calls.add_mutually_exclusive_group()
    how.add_argument("--vendor-files", action="store_true", help="through vendors' files, against local servers")
    how.add_argument("--semantic", action="store_true", help="with semantic_vad, and callers who also only listen")
    realtime = kinds.add_parser("realtime", help="the same for WebSocket sessions of the control API")
    faults = kinds.add_parser("faults", help="every vendor file, broken in mid-call in every way")
    faults.add_argument("--only", default="", metavar="NAME", help="vendor files whose name holds this")
    faults.add_argument("--json", action="store_true", help="print only one JSON object")
    turns = kinds.add_parser("turns", help="when a caller's turn is held to be over: too early, and how late")
    turns.add_argument("--quick", action="store_true", help="a sample of the corpus and of the human prompts")
    turns.add_argument("--json", action="store_true", help="print only one JSON object")
    echo = kinds.add_parser("echo", help="callers on speakerphones, whose echo must not interrupt the agent")
    echo.add_argument("--quick", action="store_true", help="a few short calls")
    echo.add_argument("--json", action="store_true", help="print only one JSON object")
    network = kinds.add_parser("network", help="conversations over a line that loses packets, as root")
    network.add_argument("--turns", type=_count, default=12, help="what each caller asks on each line")
    network.add_argument("--json", action="store_true", help="print only one JSON object")
    capacity = kinds.add_parser("capacity", help="what a call costs beside Asterisk's Echo(), as root")
    soak = kinds.add_parser("soak", help="calls come and go for long, and nothing may be left of them")
    soak.add_argument("--calls", type=_count, default=50, help="at once")
    soak.add_argument("--per-second", type=_seconds, default=2.0, help="new ones a second")
    soak.add_argument("--seconds", type=_seconds, default=3_600.0)
    soak.add_argument("--json", action="store_true", help="print only one JSON object")
    lengths = (
        (media, "--calls", 50),
        (calls, "--calls", 100),
        (realtime, "--sessions", 100),
        (capacity, "--calls", 50),
    )
    for kind, counted, default in lengths:
        kind.add_argument(counted, type=_count, default=default)
        kind.add_argument("--seconds", type=_seconds, default=30.0, help="length of the whole bench")
        kind.add_argument("--json", action="store_true", help="print only one JSON object")


def _moment(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words!r} is no time such as 2026-12-24T18:00") from None


def _header(words: str) -> tuple[str, str]:
    name, there, value = words.partition("=")
    if not (name and there):
        raise argparse.ArgumentTypeError(f"{words!r} is not NAME=VALUE")
    return name, value


def _share(words: str) -> float:
    return _number(words, float, lambda share: 0 <= share <= 1, "a share from 0 to 1")


def _count(words: str) -> int:
    return _number(words, int, lambda count: 1 <= count <= MOST_AT_ONCE, f"a whole number from 1 to {MOST_AT_ONCE}")


def _seconds(words: str) -> float:
    return _number(words, float, lambda seconds: 0 < seconds < math.inf, "a number of seconds above 0")


def _number(words: str, kind: Callable[[str], N], fits: Callable[[N], bool], wanted: str) -> N:
    try:
        number = kind(words)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words!r} is not {wanted}") from None
    if not fits(number):
        raise argparse.ArgumentTypeError(f"{words} is not {wanted}")
    return number


def _read(arguments: argparse.Namespace) -> Settings:
    chosen = settings.read(arguments.config)

    observe.set_up(chosen.log)
    return chosen


def _run(work: Awaitable[int]) -> int:
    async def guarded() -> int:
        return await work

    return uvloop.run(guarded())


def _run_service(work: Awaitable[int], chosen: Settings) -> int:
    """Run what makes calls; an ordinary trouble is told in a line."""
    from telephony import trouble

    try:
        return _run(work)
    except trouble.ORDINARY as error:
        line = trouble.told(error, chosen)
        if line is None:
            raise
        print(f"offhook: {line}", file=sys.stderr)
        return FAILED


def _demo(arguments: argparse.Namespace) -> int:
    from telephony import demo

    chosen = settings.read(None)
    return _run_service(demo.run(as_json=arguments.json, keep=arguments.keep), chosen)


def _serve(arguments: argparse.Namespace) -> int:
    from telephony.service import serve

    chosen = _read(arguments)
    return _run_service(serve(chosen), chosen)


def _call(arguments: argparse.Namespace) -> int:
    from telephony.service import place_call

    chosen = _read(arguments)
    work = place_call(chosen, arguments.target, arguments.agent, arguments.trunk, arguments.caller)
    return _run_service(work, chosen)


def _check(arguments: argparse.Namespace) -> int:
    from telephony import check

    if arguments.draw:
        return check.draw(settings.read(arguments.config), sys.stdout)
    return check.run(arguments.config, sys.stdout)


def _route(arguments: argparse.Namespace) -> int:
    from telephony import route_asked

    asked = route_asked.Question(
        did=arguments.to,
        caller=arguments.caller,
        at=arguments.at,
        trunk=arguments.trunk,
        headers=dict(arguments.header),
        diverted_from=arguments.diverted_from,
    )
    return route_asked.run(settings.read(arguments.config), asked, sys.stdout)


def _reload(arguments: argparse.Namespace) -> int:
    from telephony import reload_asked

    control = settings.read(arguments.config).control
    return reload_asked.run(control, arguments.key_file, sys.stdout, sys.stderr)


def _doctor(arguments: argparse.Namespace) -> int:
    from telephony import doctor

    chosen = settings.read(arguments.config)
    # Findings say what is wrong; the parts' own log lines would only stand between them.
    observe.set_up(chosen.log, io.StringIO())
    return _run(doctor.run(chosen, sys.stdout, arguments.json))


def _bench(arguments: argparse.Namespace) -> int:
    from telephony.bench.calls import run_calls
    from telephony.bench.faults import run_faults
    from telephony.bench.media import run_media
    from telephony.bench.realtime import run_realtime

    progress = sys.stderr if arguments.json else sys.stdout
    if arguments.kind == "faults":
        return _run(_faults_told(run_faults(progress, arguments.only)))
    if arguments.kind == "turns":
        return _turns(arguments.quick, progress)
    if arguments.kind == "echo":
        return _echo(arguments.quick, progress)
    if arguments.kind == "network":
        return _run(_network_told(arguments.turns, progress))
    if arguments.kind == "capacity":
        return _run(_capacity_told(arguments.calls, arguments.seconds, progress))
    if arguments.kind == "soak":
        return _run(_soak_told(arguments.calls, arguments.per_second, arguments.seconds, progress))
    if arguments.kind == "media":
        work = run_media(arguments.calls, arguments.busy, arguments.seconds, progress)
    elif arguments.kind == "realtime":
        work = run_realtime(arguments.sessions, arguments.seconds, progress)
    else:
        work = run_calls(
            arguments.calls,
            arguments.seconds,
            progress,
            vendor_files=arguments.vendor_files,
            semantic=arguments.semantic,
        )

    asked = arguments.sessions if arguments.kind == "realtime" else arguments.calls

    async def measured() -> int:
        figures = await work
        print(json.dumps(figures))
        return OK if figures["calls"] == asked else FAILED

    return _run(measured())


def _turns(quick: bool, progress: TextIO) -> int:
    from telephony.bench.turns.corpus import FOLDER
    from telephony.bench.turns.run import run_turns

    if not FOLDER.is_dir():
        print(f"offhook: there is no corpus in {FOLDER}: run this bench from a checkout", file=sys.stderr)
        return FAILED
    print(json.dumps(run_turns(progress, settings.read(None).providers.models_dir, quick=quick)))
    return OK


def _echo(quick: bool, progress: TextIO) -> int:
    from telephony.bench.echo.run import run_echo

    print(json.dumps(run_echo(progress, settings.read(None).providers.models_dir, quick=quick)))
    return OK


async def _faults_told(work: Coroutine[None, None, dict[str, Any]]) -> int:
    figures = await work
    print(json.dumps(figures))
    return FAILED if figures["silent"] else OK


async def _network_told(turns: int, progress: TextIO) -> int:
    from telephony.bench.network.line import NoNetworkError
    from telephony.bench.network.run import run_network

    try:
        figures = await run_network(turns, progress)
    except NoNetworkError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return FAILED
    print(json.dumps(figures))
    return OK if figures["outage"]["answered"] else FAILED


async def _capacity_told(calls: int, seconds: float, progress: TextIO) -> int:
    from telephony.bench.asterisk import NoAsteriskError
    from telephony.bench.capacity import run_capacity

    try:
        root = settings.read(None).providers.models_dir.parent / "asterisk"
        print(json.dumps(await run_capacity(root, calls, seconds, progress)))
    except NoAsteriskError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return FAILED
    return OK


async def _soak_told(calls: int, per_s: float, seconds: float, progress: TextIO) -> int:
    from telephony.bench.soak import run_soak

    figures = await run_soak(calls, per_s, seconds, progress)
    print(json.dumps(figures))
    return FAILED if figures["grown"] or figures["dropped"] else OK


if __name__ == "__main__":
    sys.exit(main())
