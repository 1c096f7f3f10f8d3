"""The proxy that breaks connections, between a real client and a server that answers in capitals."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from telephony.bench.vendor_servers.fault_proxy import (
    CloseAfter,
    Drip,
    Fault,
    FaultProxy,
    HalfOpen,
    Pass,
    Refuse,
    StallAfter,
)

SILENT_S = 0.15


@dataclass
class Client:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()

    async def hear(self, count: int) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)

    async def hears_nothing(self) -> bool:
        try:
            async with asyncio.timeout(SILENT_S):
                return not await self.reader.read(1) and False
        except TimeoutError:
            return True

    async def is_reset(self) -> bool:
        async with asyncio.timeout(5):
            try:
                await self.reader.read()
            except ConnectionResetError:
                return True
        return False


@asynccontextmanager
async def a_proxy() -> AsyncIterator[FaultProxy]:
    async def capitals(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                writer.write(piece.upper())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with (
        await asyncio.start_server(capitals, "127.0.0.1", 0) as server,
        FaultProxy(server.sockets[0].getsockname()[1]) as proxy,
    ):
        yield proxy


@asynccontextmanager
async def a_client(proxy: FaultProxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def a_client_in_mid_talk(proxy: FaultProxy) -> AsyncIterator[Client]:
    async with a_client(proxy) as client:
        await client.say(b"one")
        assert await client.hear(3) == b"ONE"
        yield client


async def test_all_bytes_pass_both_ways_and_so_does_the_end() -> None:
    text = b"ab" * 700_000
    async with a_proxy() as proxy, a_client(proxy) as client:
        saying = asyncio.create_task(client.say(text))
        assert await client.hear(len(text)) == text.upper()
        await saying
        client.writer.write_eof()

        assert await asyncio.wait_for(client.reader.read(), 5) == b""
        assert proxy.connections == 1


async def test_a_refused_port_resets_and_comes_back_as_the_same() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as client:
        port = proxy.port
        for _ in range(2):
            proxy.arm(Refuse())
            assert await client.is_reset()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)

            proxy.clear()
            async with a_client_in_mid_talk(proxy):
                assert proxy.port == port


async def test_half_open_is_silent_for_old_and_new_until_cleared() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as old:
        proxy.arm(HalfOpen())
        async with a_client(proxy) as new:
            await asyncio.gather(old.say(b"two"), new.say(b"two"))
            assert await old.hears_nothing()
            assert await new.hears_nothing()

            proxy.clear()
            assert (await old.hear(3), await new.hear(3)) == (b"TWO", b"TWO")


async def test_a_stall_lets_its_bytes_pass_on_each_connection() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as old:
        proxy.arm(StallAfter(4))
        async with a_client(proxy) as new:
            for client in (old, new):
                await client.say(b"twenty")
                assert await client.hear(4) == b"TWEN"
                assert await client.hears_nothing()

            proxy.clear()
            assert await old.hear(2) == b"TY"


async def test_a_close_lets_its_bytes_pass_and_resets() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as old:
        proxy.arm(CloseAfter(4))
        async with a_client(proxy) as new:
            for client in (old, new):
                await client.say(b"twenty")
                assert await client.hear(4) == b"TWEN"
                assert await client.is_reset()


async def test_a_close_after_nothing_is_at_once() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as old:
        proxy.arm(CloseAfter(0))

        assert await old.is_reset()
        async with a_client(proxy) as new:
            assert await new.is_reset()


async def test_a_drip_takes_its_time_for_each_byte() -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as client:
        proxy.arm(Drip(0.03))
        await client.say(b"drops")
        began_s = time.monotonic()

        assert await client.hear(5) == b"DROPS"
        assert time.monotonic() - began_s >= 0.13


@pytest.mark.parametrize("fault", [HalfOpen(), StallAfter(0), Drip(60.0)])
async def test_a_fault_gives_way_to_the_next(fault: Fault) -> None:
    async with a_proxy() as proxy, a_client_in_mid_talk(proxy) as client:
        proxy.arm(fault)
        await client.say(b"two")
        assert await client.hears_nothing()

        proxy.arm(CloseAfter(2))
        assert await client.hear(2) == b"TW"
        assert await client.is_reset()

        proxy.clear()
        assert proxy.fault == Pass()


async def test_a_server_that_is_not_there_resets() -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        gone = server.sockets[0].getsockname()[1]

    async with FaultProxy(gone) as proxy, a_client(proxy) as client:
        assert await client.is_reset()
