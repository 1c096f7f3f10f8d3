"""Keys between a caller and the service, by whatever means: real SIP and RTP."""

from pathlib import Path

import pytest

from pipeline.realtime.events import DtmfReceived, ItemDone
from pipeline.realtime.items import InputText, MessageItem
from telephony.leg import Answered, KeyMethod
from telephony.wire.call import Call
from telephony.wire.speech import speech_of
from tests.drive.exchange import an_office
from tests.drive.offhook import House, a_house, chosen, line_open
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.tones import a_key, a_tone
from tests.drive.web import address, http

KEYS = """
[[route]]
did = "100"
agent = "desk"
allow = ["keys"]
greet = false
keys = { length = 4, pause_ms = 3000 }
[[route]]
did = "200"
agent = "desk"
greet = false
keys = { in_band = "always", length = 4, pause_ms = 3000 }
[agents.desk]
model = "scripted/desk"
[flows.desk]
start = "open"
greeting = "Hello."
otherwise = ["Sorry?"]
[flows.desk.states.open]
[[flows.desk.when]]
digits = "4711"
reply = "One moment."
call = { name = "send_digits", arguments = { digits = "90#" } }
"""


async def entry(house: House) -> str:
    """The next entry of keys that reached the agent."""
    done = await house.sees(ItemDone, lambda event: written(event) is not None)
    return written(done) or ""


def written(done: ItemDone) -> str | None:
    """What the caller's item says in writing; a sound that the caller made is none."""
    if not isinstance(done.item, MessageItem) or done.item.role != "user":
        return None
    (content,) = done.item.content
    return content.text if isinstance(content, InputText) else None


async def plays(call: Call, keys: str) -> None:
    for key in keys:
        await call.say(speech_of(a_key(key, 100)))
        await call.say(speech_of(a_tone(300, 60, rate_hz=8_000)))


async def test_keys_that_are_only_heard_reach_the_agent_as_one_entry(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEYS)) as house:
        call = await (await house.phone.dial(house.uri("100"), events=None)).answered()
        await line_open(call)
        await plays(call, "0815")
        entered = await entry(house)

    pressed = [event.event for _, event in house.events if isinstance(event, DtmfReceived)]
    assert (entered, "".join(pressed)) == ("[digits: 0815]", "0815")


async def test_a_key_that_is_signalled_and_heard_is_one_key(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEYS)) as house:
        call = await house.dial("200")
        await line_open(call)
        for key in "4422":
            await call.press(key)
            await plays(call, key)
        entered = await entry(house)

    assert entered == "[digits: 4422]"


async def test_tones_are_no_keys_where_keys_are_signalled(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEYS)) as house:
        call = await house.dial()
        await line_open(call)
        await plays(call, "08")
        for key in "4422":
            await call.press(key)
        entered = await entry(house)

    assert entered == "[digits: 4422]"


async def test_the_agent_presses_keys_for_the_far_end(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEYS)) as house:
        call = await house.dial()
        for key in "4711":
            await call.press(key)
        await call.until(lambda ear, _: len(ear.digits) >= 3)

    assert "".join(call.ear.digits) == "90#"


@pytest.mark.parametrize("method", ["auto", "info"])
async def test_keys_go_by_info_where_that_is_the_way(method: KeyMethod) -> None:
    events = " 101" if method == "info" else ""
    offer = sdp(9, f"0{events}") + ("a=rtpmap:101 telephone-event/8000\r\n" if events else "")
    async with an_office() as office, RawSip() as far:
        call = RawCall(far, office.endpoint.port("udp"))
        await call.asks("INVITE", offer)
        callee = await office.arrivals.get()
        await callee.sees(Answered)
        callee.leg.send_digits("5", method)
        request = await far.gets(lambda message: message.startswith("INFO "))

    assert ("application/dtmf-relay" in request, "Signal=5" in request) == (True, True)


async def test_an_application_presses_keys(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, KEYS)) as house, http(address(house)) as client:
        call = await house.dial()
        await line_open(call)
        path = f"/v1/calls/{(await house.record()).call_id}/digits"
        by_words = (await client.post(path, json={"digits": "1", "method": "by shouting"})).json()
        await client.post(path, json={"digits": "12", "method": "rfc4733"})
        await call.until(lambda ear, _: len(ear.digits) >= 2)

    assert by_words["error"]["param"] == "method"
    assert "".join(call.ear.digits) == "12"
