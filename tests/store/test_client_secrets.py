"""A secret that an application gives away opens one session, for a while, and can be read nowhere."""

from redis.asyncio import Redis

from pipeline.realtime.config import SessionConfig
from telephony.state.client_secrets import ClientSecrets

SECRET = "ek_0123456789abcdef"
SESSION = SessionConfig(instructions="Be brief.")


async def test_a_secret_stands_for_its_session(redis: Redis) -> None:
    await ClientSecrets(redis).keep(SECRET, SESSION, ttl_s=60)

    assert (await ClientSecrets(redis).session(SECRET), await ClientSecrets(redis).session("ek_other")) == (
        SESSION,
        None,
    )


async def test_a_secret_expires_and_is_not_written_down(redis: Redis) -> None:
    await ClientSecrets(redis).keep(SECRET, SESSION, ttl_s=60)

    (key,) = [key async for key in redis.scan_iter("*")]
    assert SECRET.encode() not in key + await redis.get(key)
    assert 0 < await redis.ttl(key) <= 60
