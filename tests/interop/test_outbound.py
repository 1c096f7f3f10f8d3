"""The service calls a telephone by way of Asterisk: it is answered, declined, or rings in vain."""

from dataclasses import replace
from pathlib import Path

import pytest

from telephony.leg import Ending
from telephony.settings import LimitSettings
from telephony.switchboard import PlacedCall
from tests.drive.beside_asterisk import GREETING, HOURS, Town, a_town, as_in_the_readme, hears
from tests.drive.linphone import a_linphone

pytestmark = pytest.mark.interop


async def rings_6001(town: Town) -> PlacedCall:
    """The desk's agent calls out."""
    service = town.house.service
    leg = await service.endpoint.call("6001", "asterisk")
    return service.switchboard.place(leg, "desk", service.dialplan.agents["desk"])


async def test_linphone_answers_and_they_talk(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town, a_linphone(tmp_path) as phone:
        placed = await rings_6001(town)
        call = await phone.rings()
        await phone.answer(call)
        await hears(phone, GREETING)
        phone.say("when do you open")
        await hears(phone, HOURS)
        await phone.hang_up(call)
        end = await placed.life

    assert end == Ending("callee", "hung_up", 200)


async def test_linphone_declines_and_then_lets_it_ring(tmp_path: Path) -> None:
    chosen = as_in_the_readme(limits=replace(LimitSettings(), ring_timeout_s=4))
    async with a_town(tmp_path, chosen) as town, a_linphone(tmp_path) as phone:
        placed = await rings_6001(town)
        await phone.hang_up(await phone.rings())
        declined = await placed.life
        since = len(phone.lines)
        placed = await rings_6001(town)
        call = await phone.rings(since)
        unanswered = await placed.life
        told = await phone.over(call, since)

    assert (declined.by, declined.reason) in {("callee", "declined"), ("callee", "refused"), ("callee", "busy")}
    assert (unanswered.by, unanswered.reason) == ("us", "no_answer")
    assert "ended" in told
