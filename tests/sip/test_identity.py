"""Who calls, who was dialled first, and what header fields travel with a call, in and out."""

import re
from pathlib import Path

import pytest

from pipeline.realtime.events import ItemAdded
from pipeline.realtime.items import InputText, MessageItem
from telephony.settings import Trunk
from telephony.sip.identity import identified
from telephony.sip.invite import parse_invite
from tests.drive.exchange import an_office, rings
from tests.drive.offhook import DESK, a_house, chosen
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.web import address, http

ASSERTED = 'P-Asserted-Identity: "Desk" <sip:desk@pbx.example.com>, <tel:+493023125000>'
REMOTE = "Remote-Party-ID: <sip:+493023125001@pbx.example.com>;party=calling;privacy=off"


def read(*fields: str, caller: str = "<sip:4711@example.com>;tag=1", trusted: bool = True) -> tuple[str, str, str]:
    """Caller, who was dialled first, and every field that is left."""
    lines = "\r\n".join([f"From: {caller}", "m: <sip:4711@192.0.2.9>", *fields])
    invite = identified(parse_invite(f"INVITE sip:1000@192.0.2.1 SIP/2.0\r\n{lines}\r\n\r\n"), trusted=trusted)
    return invite.caller, invite.diverted_from, "\n".join(f"{name}: {value}" for name, value in invite.fields)


@pytest.mark.parametrize(
    ("fields", "caller"),
    [
        ((), "4711"),
        ((ASSERTED,), "+493023125000"),
        ((REMOTE,), "+493023125001"),
        ((REMOTE, ASSERTED), "+493023125000"),
        (("P-Asserted-Identity: <sip:desk@pbx.example.com>",), "desk"),
        ((REMOTE.replace("calling", "called"),), "4711"),
        ((ASSERTED, "Privacy: id"), "anonymous"),
        ((REMOTE.replace("off", "full"),), "anonymous"),
        ((ASSERTED, "Privacy: none"), "+493023125000"),
    ],
)
def test_a_trusted_trunk_tells_who_calls(fields: tuple[str, ...], caller: str) -> None:
    assert read(*fields)[0] == caller


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_what_a_caller_writes_into_a_field_begins_no_other(odd: str) -> None:
    assert read(f"Subject: hello{odd}P-Asserted-Identity: <sip:+4930@example.com>")[0] == "4711"


def test_a_strangers_assertions_are_neither_believed_nor_passed_on() -> None:
    caller, _, left = read(ASSERTED, REMOTE, trusted=False)

    assert (caller, "+4930" in left) == ("4711", False)


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("privacy", ["id", "user;id", "header; critical"])
def test_who_wishes_not_to_be_known_is_nobody_in_every_field(privacy: str, trusted: bool) -> None:
    caller, _, left = read(ASSERTED, REMOTE, f"Privacy: {privacy}", "Referred-By: <sip:4711@x>", trusted=trusted)

    assert (caller, re.findall("4711|\\+4930", left)) == ("anonymous", [])
    assert 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1' in left


def test_a_caller_from_nowhere_is_nobody_whatever_the_user_part() -> None:
    assert read(caller="<sip:4711@anonymous.invalid>;tag=1")[0] == "anonymous"


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ((), ""),
        (("Diversion: <sip:+493023125042@pbx>;reason=unconditional",), "+493023125042"),
        (("Diversion: <sip:3@pbx>, <sip:2@pbx>", "Diversion: <tel:1>;reason=no-answer"), "1"),
        (("Diversion: <sip:2@pbx>;privacy=full",), "anonymous"),
        (("Diversion: <sip:1000@pbx>",), ""),
        (("History-Info: <sip:2@pbx?Reason=SIP%3Bcause%3D302>;index=1, <sip:1000@us>;index=1.1",), "2"),
        (("History-Info: <sip:9@us>;index=1.1", "History-Info: <sip:8@pbx>;index=1", "Diversion: <sip:7@x>"), "8"),
        (("History-Info: <sip:2@pbx?Privacy=history>;index=1, <sip:1000@us>;index=1.1",), "anonymous"),
        (("History-Info: <sip:2@pbx>;index=1", "Privacy: history"), ""),
        (("History-Info: <sip:1000@pbx>;index=1", "Diversion: <sip:7@x>"), "7"),
        (("History-Info: nonsense, ;index=, <;index=..", 'Diversion: "a,b" <sip:6@x>'), "6"),
    ],
)
def test_who_was_dialled_first_is_told(fields: tuple[str, ...], first: str) -> None:
    assert read(*fields)[1] == first


@pytest.mark.parametrize(("trusted", "caller"), [(True, "+493023125000"), (False, "raw")])
async def test_only_what_a_trusted_trunk_asserts_is_the_caller(trusted: bool, caller: str) -> None:
    async with RawSip() as carrier:
        server = f"sip:127.0.0.1:{carrier.port}"
        trunk = Trunk(name="carrier", registrar=server, register=False, trusted=trusted)
        async with an_office(trunks=(trunk,), decide=rings) as office:
            call = RawCall(carrier, office.endpoint.port("udp"))
            call.send("INVITE", sdp(9), extra=f"{ASSERTED}\r\nX-Tenant: acme\r\n")
            leg = (await office.arrivals.get()).leg

    assert (leg.trunk, leg.caller, leg.headers["X-Tenant"]) == ("carrier", caller, "acme")
    assert ("P-Asserted-Identity" in leg.headers) is trusted


@pytest.mark.parametrize("withheld", [True, False])
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_call_of_ours_shows_its_number_to_whom_it_may(trusted: bool, withheld: bool) -> None:
    async with RawSip() as carrier:
        server = f"sip:127.0.0.1:{carrier.port}"
        trunk = Trunk(name="carrier", registrar=server, register=False, dial=("*",), trusted=trusted)
        async with an_office(trunks=(trunk,)) as office:
            fields = (("X-Campaign", "spring"),)
            await office.endpoint.call("5000", "carrier", "+493023125000", fields, withheld=withheld)
            invite = await carrier.gets(lambda message: message.startswith("INVITE "))

    shown = dict(re.findall(r"^([A-Za-z-]+): ([^\r]*)", invite, re.MULTILINE))
    assert ("+493023125000" in shown["From"], shown.get("Privacy")) == (not withheld, "id" if withheld else None)
    assert ("+493023125000" in shown.get("P-Asserted-Identity", ""), shown["X-Campaign"]) == (trusted, "spring")
    assert "+493023125000" not in shown["Contact"]


DIVERTED = """
[[route]]
did = "200"
diverted_from = "+49 30*"
agent = "desk"
agent_knows = ["caller", "diverted_from", "X-Customer", "X-None"]
answer_headers = { X-Agent = "desk" }
"""


async def test_a_diverted_call_finds_its_route_and_the_agent_knows_of_it(tmp_path: Path) -> None:
    diverted = 'Diversion: <sip:+493023125042@pbx.example.com>;reason=user-busy\r\nX-Customer: "17"\r\n'
    async with a_house(chosen(tmp_path, DIVERTED + DESK)) as house, RawSip() as carrier:
        port = house.service.endpoint.port("udp")
        refused = await RawCall(carrier, port, "200").asks("INVITE", sdp(9))
        call = RawCall(carrier, port, "200")
        taken = await call.asks("INVITE", sdp(9), extra=diverted)
        item = (await house.sees(ItemAdded)).item
        await call.asks("BYE")
        await house.service.switchboard.settled()
        await house.service.writer.written()
        async with http(address(house)) as client:
            (listed, _) = (await client.get("/v1/calls")).json()["data"]
        answer = next(
            message for message in carrier.received if message.startswith("SIP/2.0 200") and "INVITE" in message
        )

    told = '{"caller": "raw", "diverted_from": "+493023125042", "X-Customer": "\\"17\\""}'
    assert (refused, taken, "X-Agent: desk" in answer) == (404, 200, True)
    assert isinstance(item, MessageItem)
    assert item.content == (InputText(text=f"What the line tells of this call, as data: {told}"),)
    assert (listed["diverted_from"], listed["sip_headers"]) == ("+493023125042", {"X-Customer": '"17"'})


async def test_an_application_sends_fields_of_its_own_and_no_others(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client, RawSip() as callee:
        wish = {"to": f"sip:x@127.0.0.1:{callee.port}", "agent": "desk", "caller": "4711"}
        wrong = [{"Via": "x"}, {"X-A": "a\r\nVia: b"}, {"X A": "a"}, {"X-A": ""}, {"X-A": "a" * 256}]
        refused = [(await client.post("/v1/calls", json={**wish, "sip_headers": each})).status_code for each in wrong]
        await client.post("/v1/calls", json={**wish, "sip_headers": {"X-A": "b"}, "withhold_caller": True})
        invite = await callee.gets(lambda message: message.startswith("INVITE "))
        callee.send(response_to(invite, "486 Busy Here"), house.service.endpoint.port("udp"))
        await house.service.switchboard.settled()

    assert (refused, len(callee.received) > 1) == ([400] * 5, True)
    assert ("X-A: b\r\n" in invite, "Privacy: id\r\n" in invite, "4711" in invite) == (True, True, False)
