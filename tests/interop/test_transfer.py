"""The agent puts callers through: to a telephone at Asterisk, and to a queue. Both ends hear each other then."""

from pathlib import Path

import pytest

from telephony.leg import Ending
from tests.drive.beside_asterisk import GREETING, Town, a_town, hears
from tests.drive.linphone import VOICE, Linphone, a_linphone

pytestmark = pytest.mark.interop


async def talk(caller: Linphone, callee: Linphone) -> None:
    """Each hears what the other says."""
    caller.say("I would like to buy an instrument")
    await hears(callee, "I would like to buy an instrument", VOICE)
    callee.say("with great pleasure my friend")
    await hears(caller, "with great pleasure my friend", VOICE)


async def ending(town: Town) -> Ending | None:
    await town.house.service.switchboard.settled()
    return (await town.house.record()).ending


@pytest.mark.parametrize("key", ["1", "2"], ids=["extension", "queue"])
async def test_the_caller_is_put_through(tmp_path: Path, key: str) -> None:
    async with (
        a_town(tmp_path) as town,
        a_linphone(tmp_path, "6001") as caller,
        a_linphone(tmp_path, "6002", port=5_064) as callee,
    ):
        call = await caller.call("1000")
        await hears(caller, GREETING)
        await caller.press(key)
        await callee.answer(await callee.rings())
        await talk(caller, callee)
        end = await ending(town)
        await caller.hang_up(call)

    assert end == Ending("us", "transferred", 200)
