"""Keys by each method, and hold, from a telephone behind Asterisk and from one that calls directly."""

from pathlib import Path

import pytest

from pipeline.realtime.events import DtmfReceived
from tests.drive.beside_asterisk import ADDRESS, GREETING, HOURS, Town, a_town, hears
from tests.drive.linphone import Linphone, a_linphone

pytestmark = pytest.mark.interop

DIRECT = "sip:1000@127.0.0.1:5070"


async def keys_seen(town: Town, phone: Linphone, target: str) -> list[str]:
    """What the agent makes of 4 and 7."""
    await phone.call(target)
    await hears(phone, GREETING)
    await phone.press("47")
    return [(await town.house.sees(DtmfReceived)).event for _ in range(2)]


@pytest.mark.parametrize("keys", ["rfc4733", "info"])
@pytest.mark.parametrize("target", ["1000", DIRECT], ids=["asterisk", "direct"])
async def test_keys_reach_the_agent_once(tmp_path: Path, keys: str, target: str) -> None:
    async with a_town(tmp_path) as town, a_linphone(tmp_path, keys=keys) as phone:
        seen = await keys_seen(town, phone, target)

    assert seen == ["4", "7"]


@pytest.mark.parametrize("target", ["1000", DIRECT], ids=["asterisk", "direct"])
async def test_a_caller_on_hold_comes_back_to_the_agent(tmp_path: Path, target: str) -> None:
    async with a_town(tmp_path), a_linphone(tmp_path) as phone:
        call = await phone.call(target)
        await hears(phone, GREETING)
        phone.say("when do you open")
        await hears(phone, HOURS)
        await phone.hold(call)
        await phone.resume(call)
        phone.say("where are you")
        await hears(phone, ADDRESS)
