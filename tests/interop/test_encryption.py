"""TLS and SRTP all the way from a telephone through Asterisk to the agent, and no call where one end has none."""

from pathlib import Path
from typing import Literal

import pytest

from pipeline.realtime.events import TranscriptCompleted
from telephony.settings import Trunk
from tests.drive.beside_asterisk import GREETING, HOURS, a_line, a_town, hears
from tests.drive.linphone import NoCallError, Registrar, a_linphone
from tests.drive.wiretap import a_wiretap

pytestmark = pytest.mark.interop

TLS = "127.0.0.1:5061"
BEARER_NOT_AVAILABLE = "58"  # what Asterisk makes of 488


def encrypted(keys: Literal["sdes", "dtls"]) -> Trunk:
    return a_line(keys, f"sip:{TLS};transport=tls", srtp="required", srtp_keys=(keys,))


async def test_conversations_that_nobody_can_listen_to(tmp_path: Path) -> None:
    understood = []
    async with (
        a_town(tmp_path, lines=(encrypted("sdes"), encrypted("dtls"))) as town,
        a_linphone(tmp_path, "6003", Registrar(TLS), secure=True) as phone,
    ):
        with a_wiretap() as tap:
            for line in ("bysdes", "bydtls"):
                call = await phone.call(line)
                await hears(phone, GREETING)
                phone.say("when do you open")
                understood.append((await town.house.sees(TranscriptCompleted)).transcript)
                await hears(phone, HOURS)
                phone.say("thank you goodbye")
                understood.append((await town.house.sees(TranscriptCompleted)).transcript)
                await hears(phone, "Thank you for calling.")
                await phone.over(call)

    assert understood == ["when do you open", "thank you goodbye"] * 2
    assert (tap.plain, len(tap.sizes) > 1_000) == (0, True)


async def test_a_trunk_that_requires_srtp_takes_no_call_without(tmp_path: Path) -> None:
    lines = (a_line("plain", srtp="required"),)
    async with a_town(tmp_path, lines=lines) as town, a_linphone(tmp_path) as phone:
        with a_wiretap() as tap, pytest.raises(NoCallError):
            await phone.call("byplain")
        refused = await town.pbx.ami.event("Hangup", Channel="PJSIP/plain-")

    assert (refused["Cause"], tap.sizes) == (BEARER_NOT_AVAILABLE, [])
