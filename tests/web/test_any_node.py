"""Two service processes on one Redis: a call on the first is followed and steered from the second."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openai import NotFoundError

from telephony.state.private_redis import RedisServer
from telephony.wire.phone import Phone
from tests.drive.node import two_nodes
from tests.drive.offhook import DESK, PATIENCE_S, silence_after_speech
from tests.drive.web import SECRET, an_application, http, sdk, until


@pytest.fixture
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    await server.start()
    yield server.url
    await server.stop()


@pytest.mark.slow
async def test_a_call_is_steered_from_another_node_and_lost_with_its_own(tmp_path: Path, redis_url: str) -> None:
    async with (
        two_nodes(tmp_path, DESK, redis_url) as (first, second),
        Phone() as phone,
        http(second.api) as client,
        sdk(second.api) as other,
    ):
        one, two = await phone.call(first.uri()), await phone.call(first.uri())
        await silence_after_speech(one)
        found = await until(client, "/v1/calls?state=live", lambda calls: len(calls["data"]) == 2)  # type: ignore[arg-type]
        newest, oldest = (call["id"] for call in found["data"])  # type: ignore[attr-defined]
        pressed = await client.post(f"/v1/calls/{oldest}/digits", json={"digits": "5"})
        await one.until(lambda ear, _: ear.digits == ["5"])
        held = await client.post(f"/v1/calls/{oldest}/hold")
        await other.realtime.calls.hangup(oldest)
        await one.ended
        over = await until(client, f"/v1/calls/{oldest}", lambda call: call["state"] == "ended")
        await first.die()
        lost = await until(client, f"/v1/calls/{newest}", lambda call: call["state"] == "lost")
        live = (await client.get("/v1/calls?state=live")).json()["data"]
        with pytest.raises(NotFoundError):
            await other.realtime.calls.hangup(newest)
        two_up = not two.ended.done()

    assert (pressed.status_code, held.status_code, over["ending"]) == (
        200,
        200,
        {"by": "us", "reason": "application_hung_up", "sip_code": 200},
    )
    assert lost["ending"] == {"by": "us", "reason": "node_lost", "sip_code": 0}
    assert (live, two_up) == ([], True)


@pytest.mark.slow
async def test_a_ringing_call_is_accepted_at_another_node(tmp_path: Path, redis_url: str) -> None:
    control = f'webhook_secret = "{SECRET}"'
    async with an_application() as application, Phone() as phone:
        dialplan = f'[[route]]\ndid = "300"\nwebhook = "{application.url}"\n{DESK}'
        async with (
            two_nodes(tmp_path, dialplan, redis_url, control) as (first, second),
            sdk(second.api) as client,
        ):
            dialling = await phone.dial(first.uri("300"))
            event = await application.is_told()
            await client.realtime.calls.accept(event.data.call_id, type="realtime", model="scripted/desk")
            async with asyncio.timeout(PATIENCE_S):
                call = await dialling.answered()
            await client.realtime.calls.hangup(event.data.call_id)
            end = await call.ended

    assert end.by == "far"
