"""Real calls go where the hours and their own header fields say."""

from pathlib import Path

import pytest

from telephony.wire.dialling import RefusedError
from tests.drive.offhook import DESK, a_house, chosen, silence_after_speech

HOURS = """
time_zone = "Europe/Berlin"
[hours.always]
open = ["mon-sun"]
[[route]]
did = "7"
closed = "always"
reject = 486
[[route]]
did = "7"
open = "always"
agent = "desk"
[[route]]
did = "8"
headers = { User-Agent = "nobody has this one*" }
agent = "desk"
"""


async def test_a_call_goes_where_the_hours_and_its_header_fields_say(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, HOURS + DESK)) as house:
        call = await house.dial("7")
        await silence_after_speech(call)
        await call.hang_up()
        await house.service.switchboard.settled()
        record = await house.record()
        with pytest.raises(RefusedError) as refused:
            await house.dial("8")

    assert (record.agent, refused.value.sip_code) == ("desk", 404)
