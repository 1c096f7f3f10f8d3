"""What an operator and a curious client see of the service: counters, log lines, events of our own."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from pipeline.observe import set_up
from telephony.secret import AccessKey
from telephony.settings import ControlSettings, LogSettings, ProviderSettings
from tests.drive.offhook import PATIENCE_S, House, a_house, chosen
from tests.drive.realtime import talking
from tests.drive.web import KEY, address, http, sdk

SCRIPTED = ProviderSettings(llm="scripted/desk")
PARTIAL, TIMELINE = "offhook.partial_transcript", "offhook.turn_timeline"


@pytest.fixture(autouse=True)
def logs_are_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def asking_for_ours(house: House, query: str) -> connect:
    return connect(address(house).replace("http", "ws") + f"/v1/realtime?{query}&offhook_events=1", proxy=None)


async def kinds_until(client: ClientConnection, last: str) -> set[str]:
    """The types of all events up to this one."""
    kinds: set[str] = set()
    async with asyncio.timeout(PATIENCE_S):
        while last not in kinds:
            event: dict[str, Any] = json.loads(await client.recv())
            kinds.add(event["type"])
    return kinds


async def test_what_happened_is_counted_for_whoever_has_a_key(tmp_path: Path) -> None:
    control = ControlSettings(port=0, keys=(AccessKey(KEY),))
    async with (
        a_house(replace(chosen(tmp_path, control=control), providers=SCRIPTED)) as house,
        sdk(address(house)) as client,
        talking(client, model="scripted/desk") as talk,
        http(address(house)) as web,
    ):
        await talk.says("when do you open")
        await talk.sees("response.done")
        await talk.connection.response.cancel()
        await talk.sees("error")
        told = await web.get("/metrics")
        stranger = await web.get("/metrics", headers={"authorization": "Bearer sk-of-a-stranger"})

    lines = told.text.splitlines()
    assert (told.status_code, stranger.status_code) == (200, 401)
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {
        "# TYPE offhook_connections gauge",
        "offhook_connections 1",
        "offhook_calls_live 0",
        "# TYPE offhook_responses_total counter",
        'offhook_responses_total{status="completed"} 1',
        'offhook_client_mistakes_total{code="response_cancel_not_active"} 1',
        'offhook_connections_opened_total{kind="realtime"} 1',
        "offhook_answers_timed_total 1",
    } <= {*lines}
    assert len(lines) == len({*lines})


async def test_events_of_ours_come_to_who_asks_for_them_and_to_nobody_else(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        call_id = (await house.record()).call_id
        async with talking(client, call_id=call_id) as strict, asking_for_ours(house, f"call_id={call_id}") as curious:
            await call.say(await house.speech("when do you open"))
            kinds = await kinds_until(curious, "output_audio_buffer.stopped")
            await strict.sees("output_audio_buffer.stopped")

    assert TIMELINE in kinds
    assert not [kind for kind in strict.types() if kind.startswith("offhook.")]


async def test_a_session_of_its_own_tells_them_too_when_asked(tmp_path: Path) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    async with (
        a_house(replace(chosen(tmp_path), providers=SCRIPTED)) as house,
        asking_for_ours(house, "model=scripted/desk") as client,
    ):
        await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await client.send(json.dumps({"type": "response.create"}))
        kinds = await kinds_until(client, "response.done")

    assert TIMELINE in kinds


async def test_what_is_logged_says_which_call_or_session_it_is_about(tmp_path: Path) -> None:
    control = ControlSettings(port=0, keys=(AccessKey(KEY),))
    settings = replace(chosen(tmp_path, control=control), providers=SCRIPTED)
    stream = io.StringIO()
    set_up(LogSettings(format="json"), stream)
    async with a_house(settings) as house, sdk(address(house)) as client:
        begun = len(stream.getvalue())
        call = await house.dial_and_be_greeted()
        call_id = (await house.record()).call_id
        await call.press("0")
        async with talking(client, call_id=call_id), talking(client, model="scripted/desk") as talk:
            session_id = talk.events[0].session.id
            await client.realtime.calls.hangup(call_id)
        await call.ended
        with pytest.raises(InvalidStatus):
            async with connect(address(house).replace("http", "ws") + "/v1/realtime", proxy=None):
                pass
        lines = [json.loads(line) for line in stream.getvalue()[begun:].splitlines()]

    about = {line["event"]: line.get("call_id") or line.get("session_id") for line in lines}
    denied = about.pop("access_denied")
    assert {"call_arrived", "digit_pressed", "order", "session_opened", "session_closed"} <= {*about}
    assert denied is None
    assert {*about.values()} == {call_id, session_id}
