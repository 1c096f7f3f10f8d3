"""`offhook bench capacity`: what a call costs, beside Asterisk's Echo(). Rule: the same callers, machine and minutes.

`asterisk_echo` and `offhook_echo` do the same: they give callers back what they say, by G.711 and without transcoding;
`offhook_echo` is the endpoint and the bridge, and the event loop that echoes. `offhook_agent` is the whole service in
conversation with simulated vendors: resampling, speech detection, turns and events as well.

CPU is of all threads of the process while all calls are up. `calls_per_core` is how many of them 95 % of a core would
carry if each cost as much: no more than that, for gaps and the callers' own needs come first on a machine with both.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TextIO

from telephony.bench.asterisk import asterisk
from telephony.bench.calls import run_calls
from telephony.bench.media import hold
from telephony.bench.report import lines_of, wire_of
from telephony.bench.subject import Subject, SubjectError, running
from telephony.wire.phone import Phone

USABLE_PCT = 95.0


async def run_capacity(root: Path, calls: int, seconds: float, stream: TextIO) -> dict[str, Any]:
    """So many calls to each, one after the other, for so long; Asterisk lies in this root. Raises NoAsteriskError."""
    ours = running("telephony.bench.media_under_test", "--calls", str(calls), "--busy", "0")
    figures = {}
    for name, subject in (("asterisk_echo", asterisk(root)), ("offhook_echo", ours)):
        stream.write(f"{name}\n")
        figures[name] = await _echoed(subject, calls, seconds, stream)
    stream.write("offhook_agent\n")
    agent = await run_calls(calls, seconds, stream)
    kept = ("packets_lost", "gap_error_ms", "calls")
    figures["offhook_agent"] = {**_cost(float(str(agent["cpu_pct_per_call"]))), **{name: agent[name] for name in kept}}
    return {**figures, "seconds": seconds}


async def _echoed(
    started: AbstractAsyncContextManager[Subject], calls: int, seconds: float, stream: TextIO
) -> dict[str, Any]:
    async with started as subject, Phone() as phone:
        uri = f"sip:echo@127.0.0.1:{subject.ready['port']}"
        up, spending, _ = await hold(phone, uri, calls, seconds, subject)
    heard = [call for call in up if call.ear.talks]
    wire = wire_of(up)
    stream.writelines(f"{line}\n" for line in lines_of(wire, spending))
    if len(heard) < calls:
        raise SubjectError(f"{calls - len(heard)} of {calls} callers did not hear themselves")
    return {
        **_cost(spending.total / calls),
        "packets_lost": wire.lost,
        "gap_error_ms": wire.gap_error_ms,
        "calls": len(heard),
    }


def _cost(pct_per_call: float) -> dict[str, Any]:
    return {"cpu_pct_per_call": round(pct_per_call, 4), "calls_per_core": int(USABLE_PCT / pct_per_call)}
