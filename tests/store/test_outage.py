"""Redis goes away in the middle of calls: the calls notice nothing, and what they did is written when it comes back."""

import asyncio
import os
import signal

import pytest
from redis.asyncio import Redis

from telephony.state.bus import Bus
from telephony.state.private_redis import RedisServer
from telephony.state.store import Store
from telephony.state.writer import StateWriter
from tests.store.calls import CALLER_HUNG_UP, a_ringing_call, until

TTL_S = 3_600


async def killed(server: RedisServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    await server.ended()


def a_writer(redis: Redis, *, max_events: int = 20_000) -> StateWriter:
    return StateWriter(redis, "berlin", call_ttl_s=TTL_S, max_events=max_events, unix_ms=lambda: 10_000)


async def test_a_call_that_ends_while_redis_is_dead_has_ended_when_it_is_back(
    server: RedisServer, redis: Redis
) -> None:
    async with a_writer(redis) as writer:
        call = a_ringing_call(writer.node)
        writer.keep(call)
        await writer.written()
        await killed(server)

        writer.keep(answered := call.answered(2_000))
        writer.publish(call.call_id, b'{"n":1}')
        over = answered.ended(9_000, CALLER_HUNG_UP)
        writer.keep(over)
        await server.start()
        await writer.written()

        events = [stored.event for stored in await Bus(redis).past_events(call.call_id)]
        assert (await Store(redis).call(call.call_id), events) == (over, [b'{"n":1}'])


async def test_a_server_that_comes_back_empty_is_told_of_every_live_call(server: RedisServer, redis: Redis) -> None:
    async with a_writer(redis) as writer:
        calls = [a_ringing_call(writer.node, number).answered(2_000) for number in range(1, 101)]
        for call in calls:
            writer.keep(call)
        await writer.written()
        await killed(server)
        await server.start()

        # One call does something; the others are silent all the time.
        writer.keep(over := calls[0].ended(9_000, CALLER_HUNG_UP))
        await writer.written()

        assert (await Store(redis).live_calls(), await Store(redis).call(over.call_id)) == (calls[1:], over)


async def test_silent_calls_are_told_again_by_the_next_sign_of_life(server: RedisServer, redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S, beat_s=0.05) as writer:
        call = a_ringing_call(writer.node)
        writer.keep(call)
        await writer.written()
        await redis.flushall()

        async def is_listed() -> bool:
            return await store.live_calls() == [call]

        await until(is_listed)


async def test_events_stay_in_order_through_cut_connections_and_none_comes_twice(redis: Redis) -> None:
    """The server keeps what it has, so nothing may be missing either."""
    async with a_writer(redis) as writer:
        call = a_ringing_call(writer.node)
        number = 0
        for _ in range(3):
            for _ in range(700):
                number += 1
                writer.publish(call.call_id, b"%d" % number)
                if number % 100 == 0:
                    await redis.client_kill_filter(_type="normal", skipme=True)
                    await asyncio.sleep(0.01)
        await writer.written()

        events = [int(stored.event) for stored in await Bus(redis).past_events(call.call_id)]
        assert (events[-1], events == sorted(set(events)), events[0] <= 101) == (2_100, True, True)


async def test_a_server_that_hangs_is_left_alone_until_it_answers(server: RedisServer, redis: Redis) -> None:
    async with a_writer(redis) as writer:
        call = a_ringing_call(writer.node)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            writer.keep(call)
            for number in range(100):
                writer.publish(call.call_id, b"%d" % number)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await writer.written()
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await writer.written()

        events = [int(stored.event) for stored in await Bus(redis).past_events(call.call_id)]
        assert (await Store(redis).call(call.call_id), events) == (call, list(range(100)))


async def test_more_events_than_the_bound_lose_the_oldest_and_are_counted(server: RedisServer, redis: Redis) -> None:
    async with a_writer(redis, max_events=50) as writer:
        call = a_ringing_call(writer.node)
        writer.keep(call)
        await writer.written()
        await killed(server)
        for number in range(200):
            writer.publish(call.call_id, b"%d" % number)
        await server.start()
        await writer.written()

        events = [int(stored.event) for stored in await Bus(redis).past_events(call.call_id)]
        assert (events, writer.lost_events) == (list(range(150, 200)), 150)


async def test_what_redis_refuses_for_good_holds_nothing_else_up(redis: Redis) -> None:
    async with a_writer(redis) as writer:
        bad, good = a_ringing_call(writer.node, 1), a_ringing_call(writer.node, 2)
        await redis.set(f"offhook:call:{bad.call_id}:events", "not a stream")
        writer.publish(bad.call_id, b"1")
        writer.publish(good.call_id, b"2")
        writer.keep(good)
        await writer.written()

        events = [stored.event for stored in await Bus(redis).past_events(good.call_id)]
        assert (events, writer.refused_writes, await Store(redis).call(good.call_id)) == ([b"2"], 1, good)


async def test_a_full_server_is_tried_again(redis: Redis) -> None:
    async with a_writer(redis) as writer:
        await redis.config_set("maxmemory", 1)
        call = a_ringing_call(writer.node)
        writer.keep(call)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await writer.written()
        await redis.config_set("maxmemory", 0)
        await writer.written()

        assert await Store(redis).call(call.call_id) == call


async def test_a_service_can_stop_while_redis_is_dead(server: RedisServer, redis: Redis) -> None:
    async with a_writer(redis) as writer:
        await killed(server)
        writer.keep(a_ringing_call(writer.node))

    assert not server.is_up
