"""Keys by each method and both ways, and hold at either's wish: behind Asterisk, and in a direct call."""

from pathlib import Path

import pytest

from pipeline.realtime.events import DtmfReceived, PlayoutStopped
from tests.drive.beside_asterisk import (
    ADDRESS,
    DIRECT,
    GREETING,
    HOURS,
    Town,
    a_desk,
    a_line,
    a_town,
    as_in_the_readme,
    hears,
)
from tests.drive.line_out import NARROW_HZ, write_wav
from tests.drive.linphone import Linphone, a_linphone
from tests.drive.patience import until
from tests.drive.speech import silence
from tests.drive.tones import a_key, a_tone, loudest_hz
from tests.drive.web import address, http

pytestmark = pytest.mark.interop

BY_TONES = "bytones"  # Asterisk turns keys into tones there
MUSIC_HZ = 700
HALF_A_SECOND = NARROW_HZ


async def keys_seen(town: Town, phone: Linphone, target: str) -> str:
    """What the agent makes of 4 and 7."""
    call = await phone.call(target)
    await hears(phone, GREETING)
    await phone.press("47")
    keys = [await town.house.sees(DtmfReceived) for _ in range(2)]
    await phone.hang_up(call)
    await town.house.service.switchboard.settled()
    later = [town.house.seen.get_nowait()[1] for _ in range(town.house.seen.qsize())]
    return "".join(event.event for event in (*keys, *later) if isinstance(event, DtmfReceived))


@pytest.mark.parametrize(
    ("keys", "targets"), [("rfc4733", ("1000", DIRECT, BY_TONES)), ("info", ("1000", DIRECT))], ids=["rfc4733", "info"]
)
async def test_keys_reach_the_agent_once(tmp_path: Path, keys: str, targets: tuple[str, ...]) -> None:
    async with a_town(tmp_path, lines=(a_line("tones"),)) as town, a_linphone(tmp_path, keys=keys) as phone:
        seen = [await keys_seen(town, phone, target) for target in targets]

    assert seen == ["47"] * len(targets)


async def test_keys_that_the_caller_plays_as_tones_reach_the_agent_once(tmp_path: Path) -> None:
    chosen = as_in_the_readme(dialplan=a_desk(tmp_path, 'keys = { in_band = "always" }'))
    async with a_town(tmp_path, chosen) as town, a_linphone(tmp_path) as phone:
        await phone.call("1000")
        await hears(phone, GREETING)
        phone.plays(b"".join(a_key(key, 120) + silence(100) for key in "479"))
        seen = [(await town.house.sees(DtmfReceived)).event for _ in range(3)]

    assert seen == ["4", "7", "9"]


async def test_asterisk_is_told_which_keys_the_agent_presses(tmp_path: Path) -> None:
    told = []
    async with a_town(tmp_path, lines=(a_line("info"),)) as town, http(address(town.house)) as api:
        service = town.house.service
        for trunk in ("asterisk", "info"):
            since = len(town.pbx.ami.events)
            leg = await service.endpoint.call("213", trunk)
            placed = service.switchboard.place(leg, "desk", service.dialplan.agents["desk"])
            await town.pbx.ami.event("Newexten", since, Application="Read")
            (await api.post(f"/v1/calls/{placed.call_id}/digits", json={"digits": "4*7"})).raise_for_status()
            told.append((await town.pbx.ami.event("UserEvent", since, UserEvent="Pressed"))["Keys"])
            await placed.life

    assert told == ["4*7", "4*7"]


async def has_music(phone: Linphone, *, on: bool) -> None:
    """Wait until the telephone hears the music, or no longer does."""
    what = f"{phone.number}: music is {'not' if on else 'still'} heard"
    await until(lambda: (loudest_hz(phone.heard()[-HALF_A_SECOND:], NARROW_HZ) == MUSIC_HZ) == on, lambda: what)


async def test_each_may_let_the_other_wait(tmp_path: Path) -> None:
    write_wav(tmp_path / "music.wav", a_tone(MUSIC_HZ, 1_000, rate_hz=NARROW_HZ))
    chosen = as_in_the_readme(dialplan=a_desk(tmp_path, 'hold_music = "music.wav"'))
    async with (
        a_town(tmp_path, chosen) as town,
        a_linphone(tmp_path) as phone,
        http(address(town.house)) as api,
    ):
        for target in ("1000", DIRECT):
            call = await phone.call(target)
            await hears(phone, GREETING)
            await town.house.sees(PlayoutStopped)
            await phone.hold(call)
            await phone.resume(call)
            phone.say("when do you open")
            await hears(phone, HOURS)
            await town.house.sees(PlayoutStopped)
            path = f"/v1/calls/{(await town.house.record()).call_id}"
            await api.post(f"{path}/hold")
            await has_music(phone, on=True)
            await api.post(f"{path}/resume")
            await has_music(phone, on=False)
            phone.say("where are you")
            await hears(phone, ADDRESS)
            await phone.hang_up(call)
            await town.house.service.switchboard.settled()
