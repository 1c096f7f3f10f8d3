"""OpenAI's Node SDK, as it is and over TLS, lives through the stories of the Python one; what it does is in `node/`."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.audio import ulaw_encoded
from telephony.bench.vendor_servers.events_server import Answer, Stall
from telephony.bench.vendor_servers.openai_llm import ChatServer, call_piece, delta, finish, words
from telephony.media.rates import rate_change
from telephony.settings import ControlSettings, ProviderSettings, Secret
from telephony.vendor_table import Vendor
from tests.drive.offhook import PATIENCE_S, House, a_house, chosen
from tests.drive.realtime import wide_speech
from tests.web.test_listeners import a_certificate

NODE = Path(__file__).parent / "node"
QUESTION = "when do you open"
UNENDING = Answer([delta(content="This is a long story, and it goes on and on. "), Stall()])

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
    pytest.mark.skipif(
        not (shutil.which("node") and (NODE / "node_modules").is_dir()), reason="docker/setup node has not been run"
    ),
]


@contextlib.asynccontextmanager
async def a_service(tmp_path: Path, *answers: Answer) -> AsyncIterator[tuple[House, Path]]:
    """With TLS, and who trusts this certificate can reach it."""
    certificate, key = await a_certificate(tmp_path)
    control = ControlSettings(port=0, tls_port=0, tls_certificate=certificate, tls_key=key)
    async with ChatServer(list(answers)) as server:
        providers = ProviderSettings(llm="scripted/desk")
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        async with a_house(chosen(tmp_path, control=control, providers=providers, vendors=vendors)) as house:
            yield house, certificate


async def told(house: House, certificate: Path, story: str, model: str, speech: bytes) -> dict[str, Any]:
    """What the application saw in this story."""
    control = house.service.control
    assert control is not None
    said = certificate.with_name("speech.pcm")
    said.write_bytes(speech)
    arguments = (story, f"https://127.0.0.1:{control.port('https')}/v1", model, str(said))
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(certificate)}
    process = await asyncio.create_subprocess_exec(
        *("node", str(NODE / "stories.mjs"), *arguments), stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(out)
    return found


async def test_what_is_said_is_understood_and_answered_aloud(tmp_path: Path) -> None:
    async with a_service(tmp_path) as (house, trust):
        seen = await told(house, trust, "turn", "scripted/desk", await wide_speech(QUESTION))

    assert 1_000 < seen.pop("bytes") / 48 < 4_000
    assert seen == {
        "type": "realtime",
        "errors": [],
        "heard": QUESTION,
        "said": "At nine in the morning.",
        "instructions": "Be brief.",
    }


async def test_g711_comes_and_goes_as_it_is(tmp_path: Path) -> None:
    async with a_service(tmp_path) as (house, trust):
        speech = ulaw_encoded(rate_change(24_000, 8_000).process(await wide_speech(QUESTION)))
        seen = await told(house, trust, "pcmu", "scripted/desk", speech)

    assert (seen["heard"], seen["said"], seen["errors"]) == (QUESTION, "At nine in the morning.", [])
    assert 1_000 < seen["bytes"] / 8 < 4_000


async def test_a_function_is_called_and_answered(tmp_path: Path) -> None:
    asks = Answer([call_piece(0, '{"order": 7}', "call_1", "look_up"), finish("tool_calls")])
    async with a_service(tmp_path, asks, words("It is on its way.")) as (house, trust):
        seen = await told(house, trust, "functions", "openai/any", await wide_speech(QUESTION))

    assert (seen["name"], json.loads(seen["arguments"]), seen["errors"]) == ("look_up", {"order": 7}, [])
    assert seen["said"] == "It is on its way."


async def test_who_speaks_while_the_agent_does_is_yielded_to(tmp_path: Path) -> None:
    async with a_service(tmp_path, UNENDING, words("Yes?")) as (house, trust):
        seen = await told(house, trust, "bargeIn", "openai/any", await wide_speech(QUESTION))

    assert (seen["status"], seen["reason"], seen["cutMs"], seen["errors"]) == ("cancelled", "turn_detected", 700, [])


async def test_a_response_is_cancelled(tmp_path: Path) -> None:
    async with a_service(tmp_path, UNENDING) as (house, trust):
        seen = await told(house, trust, "cancel", "openai/any", b"")

    assert (seen["status"], seen["reason"], seen["errors"]) == ("cancelled", "client_cancelled", [])


async def test_a_transcription_session_listens_and_never_answers(tmp_path: Path) -> None:
    async with a_service(tmp_path) as (house, trust):
        seen = await told(house, trust, "transcription", "", await wide_speech(QUESTION))

    assert seen == {"type": "transcription", "errors": [], "heard": QUESTION, "responses": 0}


async def test_a_phone_call_is_steered(tmp_path: Path) -> None:
    async with a_service(tmp_path) as (house, trust):
        await house.dial_and_be_greeted()
        seen = await told(house, trust, "sideband", (await house.record()).call_id, b"")

    assert (seen["errors"], seen["sounds"]) == ([], 0)
    assert seen["said"]
