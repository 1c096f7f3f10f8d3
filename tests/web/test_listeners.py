"""Where the control API listens: plain, with TLS, not at all, or not where somebody else does."""

import asyncio
import errno
import shutil
import signal
import ssl
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from telephony.control.server import ControlServer
from telephony.settings import ControlSettings
from tests.drive.offhook import a_house, chosen

APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])


async def a_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    wish = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    openssl = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", *wish, *names, *files), stderr=asyncio.subprocess.DEVNULL
    )
    assert await openssl.wait() == 0
    return certificate, key


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
async def test_the_api_is_served_with_tls_beside_plain(tmp_path: Path) -> None:
    certificate, key = await a_certificate(tmp_path)
    settings = ControlSettings(port=0, tls_port=0, tls_certificate=certificate, tls_key=key)
    trusting = ssl.create_default_context(cafile=certificate)
    async with ControlServer(APP, settings) as server, httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        answers = [(await client.get(url)).text for url in server.addresses]
        schemes = [url.partition(":")[0] for url in server.addresses]

    assert (schemes, answers) == (["http", "https"], ["here", "here"])


async def test_a_port_that_is_taken_is_named() -> None:
    async with ControlServer(APP, ControlSettings(port=0)) as first:
        port = first.port("http")
        with pytest.raises(OSError, match=rf"control API on 127\.0\.0\.1:{port}") as refused:
            async with ControlServer(APP, ControlSettings(port=port)):
                pass

    assert refused.value.errno == errno.EADDRINUSE


async def test_the_port_is_free_and_signals_are_as_before_when_it_has_stopped() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with ControlServer(APP, ControlSettings(port=0)) as server:
        port = server.port("http")
        meanwhile = signal.getsignal(signal.SIGTERM)
    async with ControlServer(APP, ControlSettings(port=port)) as again:
        there = again.port("http")

    assert (meanwhile, there) == (before, port)


async def test_a_service_need_not_be_controlled(tmp_path: Path) -> None:
    settings = chosen(tmp_path)
    async with a_house(replace(settings, control=ControlSettings(port=None))) as house:
        control = house.service.control

    assert control is None


async def test_the_operator_is_told_when_there_are_no_keys(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with a_house(chosen(tmp_path)):
            pass

    assert [line["log_level"] for line in logs if line["event"] == "control_without_keys"] == ["warning"]
