"""Who is let in, and what they are told who are not."""

from dataclasses import replace
from pathlib import Path

import pytest
from openai import AuthenticationError, NotFoundError
from openai.types.realtime import RealtimeSessionCreateResponse

from telephony.secret import AccessKey
from telephony.settings import ControlSettings
from tests.drive.offhook import a_house, chosen
from tests.drive.web import KEY, address, http, sdk

NOBODY = "rtc_000000000000000000000000"


async def test_keys_open_the_api_and_nothing_else_does(tmp_path: Path) -> None:
    control = ControlSettings(port=0, keys=(AccessKey(KEY),))
    async with a_house(chosen(tmp_path, control=control)) as house:
        async with sdk(address(house)) as known, sdk(address(house), "sk-of-a-stranger") as stranger:
            with pytest.raises(NotFoundError):
                await known.realtime.calls.hangup(NOBODY)
            with pytest.raises(AuthenticationError) as refused:
                await stranger.realtime.calls.hangup(NOBODY)
        async with http(address(house)) as client:
            health = await client.get("/healthz", headers={"authorization": ""})
            bare = await client.get("/v1/calls", headers={"authorization": ""})

    assert (refused.value.code, refused.value.type) == ("invalid_api_key", "invalid_request_error")
    assert set(bare.json()["error"]) == {"message", "type", "code", "param"}
    assert (health.status_code, bare.status_code) == (200, 401)


async def test_a_client_secret_opens_no_rest(tmp_path: Path) -> None:
    control = ControlSettings(port=0, keys=(AccessKey(KEY),))
    settings = chosen(tmp_path, control=control)
    settings = replace(settings, providers=replace(settings.providers, llm="scripted/desk"))
    async with a_house(settings) as house, sdk(address(house)) as client:
        secret = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "instructions": "Be brief."},
        )
        async with sdk(address(house), secret.value) as holder:
            with pytest.raises(AuthenticationError):
                await holder.realtime.calls.hangup(NOBODY)

    assert secret.value.startswith("ek_")
    assert (secret.session.type, getattr(secret.session, "instructions", None)) == ("realtime", "Be brief.")


async def test_a_client_secret_shows_the_session_that_it_will_be(tmp_path: Path) -> None:
    settings = chosen(tmp_path)
    settings = replace(settings, providers=replace(settings.providers, llm="scripted/desk"))
    async with a_house(settings) as house, sdk(address(house)) as client, http(address(house)) as web:
        spoken = (await client.realtime.client_secrets.create(session={"type": "realtime"})).session
        heard = await web.post("/v1/realtime/client_secrets", json={"session": {"type": "transcription"}})

    assert isinstance(spoken, RealtimeSessionCreateResponse)
    assert spoken.audio is not None
    assert spoken.audio.output is not None
    assert (spoken.model, spoken.audio.output.voice) == ("scripted/desk", "rms")
    shown = heard.json()["session"]
    assert (shown["object"], {*shown["audio"]}) == ("realtime.transcription_session", {"input"})
    assert shown["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}


async def test_without_keys_a_page_from_elsewhere_is_not_let_in(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        here = await client.get("/v1/calls")
        page = await client.get("/v1/calls", headers={"origin": "https://example.com"})
        rebound = await client.get("/v1/calls", headers={"host": "rebound.example.com"})
        forwarded = await client.get("/v1/calls", headers={"x-forwarded-for": "192.0.2.7"})

    assert [answer.status_code for answer in (here, page, rebound, forwarded)] == [200, 401, 401, 401]


async def test_what_is_not_there_is_told_as_an_error(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        unknown = await client.get("/v1/nothing")
        method = await client.delete("/v1/calls")
        plain = await client.get("/v1/realtime?model=any")
        long = await client.post("/v1/calls", content=b" " * (1 << 21))
        described = (await client.get("/openapi.json")).json()
        page = await client.get("/docs")

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in (unknown, method, plain, long)] == [
        (404, "unknown_url"),
        (405, "method_not_allowed"),
        (426, "upgrade_required"),
        (413, "request_too_large"),
    ]
    assert "/v1/realtime/calls/{call_id}/accept" in described["paths"]
    assert "/v1/calls" in page.text
