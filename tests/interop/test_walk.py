"""The README's walk with what is committed and nothing else: dialplans/asterisk, `offhook serve`, two telephones."""

from pathlib import Path

import pytest

from tests.drive.beside_asterisk import GREETING, HOURS, hears, talk
from tests.drive.linphone import a_linphone
from tests.drive.node import a_served
from tests.drive.pbx import CONFIGURATION, a_bare_pbx
from tests.drive.web import http, until

pytestmark = pytest.mark.interop


async def test_linphone_dials_1000_asks_and_is_put_through_by_a_key(tmp_path: Path) -> None:
    async with (
        a_bare_pbx(tmp_path),
        a_served(CONFIGURATION / "offhook.toml") as node,
        http(node.api) as api,
        a_linphone(tmp_path, "6001") as phone,
        a_linphone(tmp_path, "6002", port=5_064) as second,
    ):
        await until(api, "/v1/trunks", lambda found: "'registered'" in str(found))
        call = await phone.call("1000")
        await hears(phone, GREETING)
        phone.say("when do you open")
        await hears(phone, HOURS)
        await phone.press("1")
        await second.answer(await second.rings())
        await talk(phone, second)
        await phone.hang_up(call)
        stopped = await node.stop()

    assert stopped == 0
