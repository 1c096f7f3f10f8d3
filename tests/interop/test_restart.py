"""Asterisk goes away and comes back: before the service has registered, and in the middle of a call."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.settings import LimitSettings
from telephony.sip.trunk import Registered, Registering
from tests.drive.beside_asterisk import GREETING, a_town, as_in_the_readme, hears
from tests.drive.linphone import a_linphone
from tests.drive.offhook import a_house
from tests.drive.pbx import a_pbx

pytestmark = pytest.mark.interop


async def test_the_service_registers_with_an_asterisk_that_comes_late(tmp_path: Path) -> None:
    async with a_pbx(tmp_path) as pbx:
        await pbx.stop(signal.SIGKILL)
        async with a_house(as_in_the_readme()) as house:
            line = house.service.endpoint.trunks["asterisk"]
            before = line.state
            await pbx.start()
            await line.until(Registered)
            async with a_linphone(tmp_path) as phone:
                await phone.call("1000")
                await hears(phone, GREETING)

    assert before == Registering()


async def test_a_call_whose_pbx_dies_ends_and_the_next_one_works(tmp_path: Path) -> None:
    chosen = as_in_the_readme(limits=replace(LimitSettings(), rtp_timeout_s=3))
    async with a_town(tmp_path, chosen) as town, a_linphone(tmp_path) as phone:
        call = await phone.call("1000")
        await hears(phone, GREETING)
        await town.pbx.stop(signal.SIGKILL)
        await town.house.service.switchboard.settled()
        lost = (await town.house.record()).ending
        await phone.hang_up(call)
        await town.pbx.start()
        await phone.registered()
        await phone.call("1000")
        await hears(phone, GREETING)

    assert lost is not None
    assert (lost.by, lost.reason) == ("unknown", "media_timeout")
