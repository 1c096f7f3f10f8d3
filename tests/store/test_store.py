"""What is kept of calls and agents, for whoever asks."""

import pytest
from redis.asyncio import Redis

from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig
from telephony.state import keys
from telephony.state.connection import StateError, connected
from telephony.state.private_redis import RedisServer
from telephony.state.record import NODE_LOST
from telephony.state.store import Store, StoredSession, VersionConflictError
from telephony.state.writer import StateWriter
from tests.store.calls import CALLER_HUNG_UP, a_ringing_call, until

TTL_S = 3_600


async def test_a_call_can_be_followed_from_elsewhere(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as writer:
        call = a_ringing_call(writer.node)
        seen = []
        for record in (call, answered := call.answered(2_000), answered.ended(9_000, CALLER_HUNG_UP, "a.wav")):
            writer.keep(record)
            await writer.written()
            seen.append(await store.call(call.call_id))

    assert seen == [call, answered, answered.ended(9_000, CALLER_HUNG_UP, "a.wav")]


async def test_calls_are_listed_newest_first_and_live_ones_by_age(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as writer:
        calls = [a_ringing_call(writer.node, number) for number in (1, 2, 3)]
        calls[1] = calls[1].ended(5_000, CALLER_HUNG_UP)
        for call in calls:
            writer.keep(call)
        await writer.written()

        # All of them began long ago by the clock, so the next sign of life takes them off the list.
        assert [record.call_id for record in await store.live_calls()] == [calls[0].call_id, calls[2].call_id]


async def test_the_latest_calls_come_first(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S, unix_ms=lambda: 10_000) as writer:
        calls = [a_ringing_call(writer.node, number) for number in (1, 2, 3)]
        for call in calls:
            writer.keep(call)
        await writer.written()

        assert await store.calls(limit=2) == [calls[2], calls[1]]


async def test_what_is_kept_goes_away_by_itself(redis: Redis) -> None:
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S, unix_ms=lambda: 10_000) as writer:
        call = a_ringing_call(writer.node)
        writer.keep(call)
        writer.publish(call.call_id, b"{}")
        await writer.written()
        left_s = [await redis.ttl(key) for key in (keys.call(call.call_id), keys.events(call.call_id))]
        sign_of_life_ms = await redis.pttl(keys.node(writer.node))

    assert [0 < ttl <= TTL_S for ttl in left_s] == [True, True]
    assert 0 < sign_of_life_ms <= 10_000


async def test_old_calls_leave_the_list(redis: Redis) -> None:
    now_ms = [10_000]
    async with StateWriter(redis, "berlin", call_ttl_s=1, unix_ms=lambda: now_ms[0], beat_s=0.01) as writer:
        writer.keep(a_ringing_call(writer.node, 9))
        await writer.written()
        now_ms[0] = 60_000

        async def list_is_empty() -> bool:
            return await redis.zcard(keys.CALLS) == 0

        await until(list_is_empty)


async def test_calls_of_a_dead_node_are_lost(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as writer:
        call, over = a_ringing_call(writer.node, 1).answered(2_000), a_ringing_call(writer.node, 2)
        over = over.ended(3_000, CALLER_HUNG_UP)
        writer.keep(call)
        writer.keep(over)
        await writer.written()
    # Leaving took the sign of life away, as its expiry does when a process dies.

    found = await store.call(call.call_id)
    assert found is not None
    assert (found.state, found.ending, await store.call(over.call_id), await store.live_calls()) == (
        "lost",
        NODE_LOST,
        over,
        [],
    )


async def test_a_node_started_again_does_not_revive_its_old_calls(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as before:
        before.keep(a_ringing_call(before.node))
        await before.written()

    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S) as after:
        after.keep(a_ringing_call(after.node, 2))
        await after.written()
        assert [record.node for record in await store.live_calls()] == [after.node]


async def test_a_node_cut_off_for_a_while_takes_its_calls_up_again(redis: Redis) -> None:
    store = Store(redis)
    async with StateWriter(redis, "berlin", call_ttl_s=TTL_S, beat_s=0.05) as writer:
        call = a_ringing_call(writer.node).answered(2_000)
        writer.keep(call)
        await writer.written()
        await redis.delete(keys.node(writer.node))
        lost = await store.call(call.call_id)
        await until(store.live_calls)

        assert (lost and lost.state, await store.call(call.call_id)) == ("lost", call)


async def test_an_unknown_call_is_nobodys(redis: Redis) -> None:
    assert await Store(redis).call("rtc_none") is None


async def test_a_session_config_has_a_version_for_each_change(redis: Redis) -> None:
    store = Store(redis)
    brief = SessionConfig(
        model="scripted/reception",
        instructions="Be brief.",
        audio=Audio(input=AudioInput(turn_detection=ServerVad(silence_duration_ms=300))),
    )

    versions = [await store.put_session("reception", config) for config in (SessionConfig(), brief)]
    await store.put_session("booking", SessionConfig(model="openai/x"))

    assert (versions, await store.session("reception"), [kept.name for kept in await store.sessions()]) == (
        [1, 2],
        StoredSession("reception", 2, brief),
        ["booking", "reception"],
    )


async def test_two_who_change_one_config_do_not_overwrite_each_other(redis: Redis) -> None:
    store = Store(redis)
    read = await store.put_session("reception", SessionConfig(), expected_version=0)
    await store.put_session("reception", SessionConfig(model="first"), expected_version=read)

    with pytest.raises(VersionConflictError) as conflict:
        await store.put_session("reception", SessionConfig(model="second"), expected_version=read)

    kept = await store.session("reception")
    assert (conflict.value.version, kept and kept.config.model) == (2, "first")


async def test_a_deleted_config_never_gets_an_old_version_again(redis: Redis) -> None:
    store = Store(redis)
    await store.put_session("reception", SessionConfig())
    deleted = [await store.delete_session("reception") for _ in range(2)]

    with pytest.raises(VersionConflictError) as conflict:
        await store.put_session("reception", SessionConfig(), expected_version=1)
    version = await store.put_session("reception", SessionConfig(), expected_version=0)

    assert (deleted, conflict.value.version, version) == ([True, False], 0, 2)


async def test_without_redis_asking_is_an_error_of_ours(server: RedisServer) -> None:
    await server.stop()
    async with connected(server.url) as redis:
        with pytest.raises(StateError):
            await Store(redis).live_calls()
