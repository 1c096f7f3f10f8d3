"""`offhook doctor`: what is wrong with this machine's set-up, and what to do. Rule: it changes nothing.

Everything is tried as the service would use it: ports are bound, trunks registered with and left again, engines
started. The service may be running meanwhile.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TextIO

from pipeline.realtime.config import SessionConfig
from telephony import doctor_network, doctor_parts, doctor_vendors
from telephony.check import read_dialplan
from telephony.dialplan import Dialplan, DialplanError
from telephony.finding import Finding, as_json, is_sound, ok, print_findings
from telephony.settings import Settings


async def run(settings: Settings, stream: TextIO, json: bool = False) -> int:
    """Print what is found, or with `json` one object; 1 when the service cannot work, else 0."""
    findings: list[Finding] = []
    async for found in _examined(settings):
        findings += found
        if not json:
            print_findings(found, stream)
    if json:
        print(as_json(findings), file=stream)
    else:
        faults = sum(finding.state == "fail" for finding in findings)
        print(f"{faults} to mend" if faults else "nothing to mend", file=stream)
    return 0 if is_sound(findings) else 1


async def _examined(settings: Settings) -> AsyncIterator[list[Finding]]:
    """Findings in groups, each as soon as it is there."""
    dialplan, found = _dialplan(settings)
    # Whoever cannot be read may have the default engines.
    agents = list(dialplan.agents.values()) or [SessionConfig()]
    yield found
    yield list(doctor_network.findings(settings.sip, settings.trunks))
    yield await doctor_parts.trunks(settings)
    yield [await doctor_parts.redis(settings.redis)]
    yield await doctor_parts.speech(settings, agents)
    yield await doctor_vendors.findings(settings, dialplan)
    yield doctor_parts.recordings(settings.media)


def _dialplan(settings: Settings) -> tuple[Dialplan, list[Finding]]:
    """The dialplan, an empty one when it cannot be read."""
    try:
        dialplan = read_dialplan(settings)
    except DialplanError as error:
        faults = [Finding("dialplan", "fail", str(replace(fault, remedy="")), fault.remedy) for fault in error.faults]
        return Dialplan(), faults
    found = f"{settings.dialplan}: {len(dialplan.routes)} routes, {len(dialplan.agents)} agents"
    return dialplan, [ok("dialplan", found)]
