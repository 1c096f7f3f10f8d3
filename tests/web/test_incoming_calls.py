"""Somebody calls, an application decides: webhook, accept, reject, refer, hang up, by the OpenAI SDK."""

import asyncio
from pathlib import Path

import pytest
from openai import BadRequestError, NotFoundError

from pipeline.realtime.events import OutputTranscriptDone, PlayoutStopped, SessionCreated, SessionObject
from telephony.leg import Ending
from telephony.secret import Secret
from telephony.settings import ControlSettings, ProviderSettings, Settings
from telephony.wire.dialling import Dialling, RefusedError
from tests.drive.offhook import DESK, PATIENCE_S, House, a_house, chosen, silence_after_speech
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.web import SECRET, Application, address, an_application, sdk

NOBODY = "rtc_000000000000000000000000"


def deciding(tmp_path: Path, application: Application, route: str = "") -> Settings:
    """A dialplan whose 300 belongs to this application."""
    webhook = f'[[route]]\ndid = "300"\nwebhook = "{application.url}"\n{route}\n'
    control = ControlSettings(port=0, webhook_secret=Secret(SECRET))
    return chosen(tmp_path, webhook + DESK, control=control, providers=ProviderSettings(llm="scripted/desk"))


async def dials_300(house: House, fields: tuple[tuple[str, str], ...] = ()) -> Dialling:
    return await house.phone.dial(house.uri("300"), fields=fields)


async def test_an_application_accepts_a_call_and_its_session_talks(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            await client.realtime.calls.accept(
                event.data.call_id, type="realtime", model="scripted/desk", instructions="Be brief."
            )
            call = await dialling.answered()
            session = (await house.sees(SessionCreated)).session
            heard = await house.hears(call, "when do you open")
            await house.sees(PlayoutStopped)
            await client.realtime.calls.hangup(event.data.call_id)
        end = await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert isinstance(session, SessionObject)
    assert (session.instructions, session.model, heard) == ("Be brief.", "scripted/desk", "when do you open")
    assert (end.by, record.call_id) == ("far", event.data.call_id)
    assert record.ending == Ending("us", "application_hung_up", 200)


async def test_the_application_is_told_the_headers_of_the_invite(tmp_path: Path) -> None:
    fields = (("X-Twice", "one"), ("Authorization", "Digest secret"), ("X-Twice", "two"))
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        await dials_300(house, fields)
        event = await application.is_told()

    headers = [(header.name, header.value) for header in event.data.sip_headers]
    assert [value for name, value in headers if name == "X-Twice"] == ["one", "two"]
    assert headers[0][0] == "Via"
    assert not any("secret" in value for _, value in headers)


async def test_fields_of_the_applications_own_go_with_the_answer(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house, RawSip() as caller:
        call = RawCall(caller, house.service.endpoint.port("udp"), "300")
        call.send("INVITE", sdp(9))
        event = await application.is_told()
        async with sdk(address(house)) as client:
            accept = client.realtime.calls.accept
            for wrong in ({"Contact": "x"}, {"X-Ticket": "a\r\nContact: x"}, 7):
                with pytest.raises(BadRequestError, match="answer_headers"):
                    await accept(event.data.call_id, type="realtime", extra_body={"answer_headers": wrong})
            own = {"X-Ticket": "17"}
            await accept(event.data.call_id, type="realtime", extra_body={"answer_headers": own})
        await call.answered()
        call.send("ACK")
        answer = await caller.gets(lambda message: message.startswith("SIP/2.0 200"))
        await call.asks("BYE")

    assert "X-Ticket: 17\r\n" in answer


async def test_an_application_rejects_a_call(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            await client.realtime.calls.reject(event.data.call_id, status_code=486)
        with pytest.raises(RefusedError) as refused:
            await dialling.answered()
        await house.service.switchboard.settled()
        record = await house.record()

    assert (refused.value.sip_code, record.ending) == (486, Ending("us", "application_rejected", 486))


async def test_an_application_hands_the_caller_over(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            with pytest.raises(BadRequestError, match="answered"):
                await client.realtime.calls.refer(event.data.call_id, target_uri="sip:staff@127.0.0.1")
            await client.realtime.calls.accept(event.data.call_id, type="realtime", model="scripted/desk")
            call = await dialling.answered()
            await house.sees(SessionCreated)
            with pytest.raises(BadRequestError, match="target_uri"):
                await client.realtime.calls.refer(event.data.call_id, target_uri="sip:a b\r\nX: y")
            await client.realtime.calls.refer(event.data.call_id, target_uri="sip:staff@127.0.0.1")
            await call.ended
        await house.service.switchboard.settled()
        record = await house.record()

    assert call.referred_to == "sip:staff@127.0.0.1"
    assert record.ending == Ending("us", "transferred", 200)


async def test_what_an_application_accepts_has_none_of_the_routes_own_tools(tmp_path: Path) -> None:
    route = 'allow = ["hang_up", "transfer"]\ntransfer_targets = { staff = "sip:staff@127.0.0.1" }'
    async with an_application() as application, a_house(deciding(tmp_path, application, route)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            await client.realtime.calls.accept(event.data.call_id, type="realtime", model="scripted/desk")
            call = await dialling.answered()
            await house.sees(SessionCreated)
            await call.press("0")
            said = await house.sees(OutputTranscriptDone)
        await call.hang_up()
        await house.service.switchboard.settled()

    assert (said.transcript, call.referral) == ("One moment. Nobody is there.", None)


async def test_an_agent_stands_in_for_an_application_that_does_not_decide(tmp_path: Path) -> None:
    route = 'fallback_agent = "desk"\ndecide_timeout_s = 1'
    async with an_application() as application, a_house(deciding(tmp_path, application, route)) as house:
        call = await (await dials_300(house)).answered()
        await silence_after_speech(call)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            with pytest.raises(BadRequestError) as late:
                await client.realtime.calls.accept(event.data.call_id, type="realtime")
        record = await house.record()

    assert (late.value.code, record.agent) == ("call_already_decided", "desk")


async def test_a_caller_for_whom_nobody_decides_hears_the_code_of_the_route(tmp_path: Path) -> None:
    route = "fallback_reject = 404\ndecide_timeout_s = 1"
    async with an_application() as application, a_house(deciding(tmp_path, application, route)) as house:
        with pytest.raises(RefusedError) as refused:
            await (await dials_300(house)).answered()
        await house.service.switchboard.settled()
        record = await house.record()

    assert (refused.value.sip_code, record.ending) == (404, Ending("us", "nobody_decided", 404))


async def test_a_caller_who_gives_up_is_no_longer_offered(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        await dialling.cancel()
        await house.service.switchboard.settled()
        async with sdk(address(house)) as client:
            with pytest.raises(NotFoundError):
                await client.realtime.calls.accept(event.data.call_id, type="realtime")
        record = await house.record()

    assert record.ending == Ending("caller", "cancelled", 487)


async def test_an_application_that_stumbles_is_told_again_of_the_same_event(tmp_path: Path) -> None:
    async with an_application(500, 503) as application, a_house(deciding(tmp_path, application)) as house:
        await dials_300(house)
        events = [await application.is_told() for _ in range(3)]
        ids = {delivery.headers["webhook-id"] for delivery in application.deliveries}

    assert len({event.data.call_id for event in events}) == 1
    assert ids == {events[0].id}


async def test_a_session_of_wrong_types_is_refused_and_the_phone_rings_on(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            wrong = {"audio": {"output": {"speed": "fast"}}}
            with pytest.raises(BadRequestError) as refused:
                await client.realtime.calls.accept(event.data.call_id, type="realtime", extra_body=wrong)
            await client.realtime.calls.accept(
                event.data.call_id, type="realtime", model="gpt-realtime", extra_body={"shoe_size": 43}
            )
        async with asyncio.timeout(PATIENCE_S):
            call = await dialling.answered()

    assert (refused.value.code, refused.value.param) == ("invalid_value", "audio.output.speed")
    assert call.law is not None


async def test_a_call_that_nobody_knows_is_not_found(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        with pytest.raises(NotFoundError) as unknown:
            await client.realtime.calls.hangup(NOBODY)
        with pytest.raises(NotFoundError):
            await client.realtime.calls.accept("rtc_nonsense", type="realtime")

    assert (unknown.value.code, unknown.value.type) == ("call_not_found", "invalid_request_error")
