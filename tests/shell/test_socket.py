"""What stands in the way of a vendor's socket is told in our words."""

import asyncio

import pytest

from pipeline.providers import ProviderError
from pipeline.providers.socket import opened


async def test_a_vendor_that_sends_us_to_a_web_page_refuses_us() -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: https://login.test/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError, match="refused"):
            await opened("vendor", f"ws://127.0.0.1:{port}/", {}, connect_s=2.0)


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ProviderError, match="refused"):
        await opened("vendor", "ws://127.0.0.1:9/#nowhere", {}, connect_s=2.0)
