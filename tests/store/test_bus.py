"""Any node can follow any call, and ask its owner for something."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from telephony.state import bus as bus_module
from telephony.state import keys
from telephony.state.bus import Bus, CallNotLiveError, NoReplyError
from telephony.state.private_redis import RedisServer
from telephony.state.writer import StateWriter
from tests.store.calls import CALLER_HUNG_UP, a_ringing_call, until

TTL_S = 3_600


@pytest.fixture
async def writer(redis: Redis) -> AsyncIterator[StateWriter]:
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as writer:
        yield writer


async def test_events_of_a_call_can_be_followed_while_they_happen(redis: Redis, writer: StateWriter) -> None:
    call = a_ringing_call(writer.node)
    writer.publish(call.call_id, b"1")
    await writer.written()
    seen = []
    async for stored in Bus(redis).events(call.call_id):
        seen.append(stored.event)
        if len(seen) == 3:
            break
        writer.publish(call.call_id, b"%d" % (len(seen) + 1))

    assert seen == [b"1", b"2", b"3"]


async def test_reading_goes_on_behind_a_position(redis: Redis, writer: StateWriter) -> None:
    call = a_ringing_call(writer.node)
    for number in range(5):
        writer.publish(call.call_id, b"%d" % number)
    await writer.written()
    bus = Bus(redis)
    first_two = list(islice(await bus.past_events(call.call_id), 2))

    rest = await bus.past_events(call.call_id, after=first_two[-1].position)

    assert [stored.event for stored in rest] == [b"2", b"3", b"4"]


async def test_a_stream_of_events_is_bounded(redis: Redis, writer: StateWriter) -> None:
    call = a_ringing_call(writer.node)
    for number in range(5_000):
        writer.publish(call.call_id, b"%d" % number)
    await writer.written()

    kept = await redis.xlen(keys.events(call.call_id))
    newest = (await Bus(redis).past_events(call.call_id))[-1]
    assert (2_000 <= kept < 2_300, newest.event) == (True, b"4999")


async def test_the_owner_of_a_call_gets_what_others_want_of_it(redis: Redis, writer: StateWriter) -> None:
    bus = Bus(redis)
    calls = [a_ringing_call(writer.node, number) for number in (1, 2)]
    for call in calls:
        writer.keep(call)
    await writer.written()
    await bus.publish_command(calls[0].call_id, b'{"type":"response.create"}')
    wanted = []
    async for command in bus.commands(writer.node):
        wanted.append((command.call_id, command.command))
        if len(wanted) == 2:
            break
        await bus.publish_command(calls[1].call_id, b'{"type":"hangup"}')

    assert wanted == [
        (calls[0].call_id, b'{"type":"response.create"}'),
        (calls[1].call_id, b'{"type":"hangup"}'),
    ]


async def test_nobody_can_command_a_call_that_is_over_unknown_or_lost(redis: Redis, writer: StateWriter) -> None:
    over = a_ringing_call(writer.node, 1).ended(2_000, CALLER_HUNG_UP)
    of_a_dead_node = a_ringing_call("munich.dead", 2)
    writer.keep(over)
    writer.keep(of_a_dead_node)
    await writer.written()

    refused = []
    for call_id in (over.call_id, "rtc_none", of_a_dead_node.call_id):
        try:
            await Bus(redis).publish_command(call_id, b"{}")
        except CallNotLiveError:
            refused.append(call_id)

    assert refused == [over.call_id, "rtc_none", of_a_dead_node.call_id]


async def test_commands_arrive_after_redis_was_gone(server: RedisServer, redis: Redis, writer: StateWriter) -> None:
    bus = Bus(redis)
    call = a_ringing_call(writer.node)
    writer.keep(call)
    await writer.written()
    commands = bus.commands(writer.node)
    reading = asyncio.ensure_future(anext(commands))
    await server.stop()
    await server.start()
    writer.keep(call.answered(2_000))
    await writer.written()

    await bus.publish_command(call.call_id, b'{"type":"hangup"}')

    command = await reading
    assert (command.call_id, command.command) == (call.call_id, b'{"type":"hangup"}')


async def test_an_outage_is_told_once(
    server: RedisServer, redis: Redis, writer: StateWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "PAUSE_S", 0.01)
    tries = 0
    real_xread = redis.xread

    async def counted(*given: Any, **named: Any) -> Any:
        nonlocal tries
        tries += 1
        return await real_xread(*given, **named)

    monkeypatch.setattr(redis, "xread", counted)
    with capture_logs() as told:
        reading = asyncio.ensure_future(anext(Bus(redis).commands(writer.node)))
        for _ in range(2):
            await server.stop()
            before = tries

            async def has_tried_often(before: int = before) -> bool:
                return tries > before + 3

            await until(has_tried_often)
            await server.start()

            async def is_read_again() -> bool:
                return bool(told) and told[-1]["event"] == "commands_readable"

            await until(is_read_again)
        reading.cancel()

    events = [line["event"] for line in told if line["event"].startswith("commands")]
    assert events == ["commands_unreadable", "commands_readable"] * 2


async def test_who_asks_hears_what_became_of_it(redis: Redis, writer: StateWriter) -> None:
    bus, call = Bus(redis), a_ringing_call(writer.node)
    writer.keep(call)
    await writer.written()

    async def owner() -> None:
        async for command in bus.commands(writer.node):
            await bus.reply(command, b"%s: done" % command.command)

    working = asyncio.create_task(owner())
    reply = await bus.ask(call.call_id, b"hang up", timeout_s=10)
    working.cancel()

    kept = [key async for key in redis.scan_iter("offhook:reply:*")]
    assert (reply, kept) == (b"hang up: done", [])


async def test_an_owner_that_says_nothing_is_not_waited_for_without_end(redis: Redis, writer: StateWriter) -> None:
    call = a_ringing_call(writer.node)
    writer.keep(call)
    await writer.written()

    with pytest.raises(NoReplyError):
        await Bus(redis).ask(call.call_id, b"hang up", timeout_s=0.1)


async def test_an_owner_that_dies_meanwhile_has_lost_the_call(redis: Redis, writer: StateWriter) -> None:
    bus, call = Bus(redis), a_ringing_call("gone.1")
    writer.keep(call)
    await writer.written()
    await redis.set(keys.node("gone.1"), b"{}")
    asked = asyncio.create_task(bus.ask(call.call_id, b"hang up", timeout_s=30))
    await until(lambda: redis.exists(keys.commands("gone.1")))
    await redis.delete(keys.node("gone.1"))

    with pytest.raises(CallNotLiveError):
        await asked
