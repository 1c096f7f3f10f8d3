"""The WebSocket itself: what is let in, what is refused and how, and that nobody's behaviour costs anybody else."""

import asyncio
import base64
import contextlib
import gc
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect as sync_connect

from telephony.secret import AccessKey
from telephony.settings import ControlSettings, ProviderSettings
from tests.drive.offhook import PATIENCE_S, House, a_house, chosen
from tests.drive.realtime import wide_speech
from tests.drive.web import KEY, address

MIB = 1 << 20


@contextlib.asynccontextmanager
async def a_service(tmp_path: Path, **control: Any) -> AsyncIterator[House]:
    settings = chosen(
        tmp_path, control=ControlSettings(port=0, **control), providers=ProviderSettings(llm="scripted/desk")
    )
    async with a_house(settings) as house:
        yield house


def url(house: House, path: str = "/v1/realtime?model=scripted/desk") -> str:
    return address(house).replace("http", "ws") + path


def socket(house: House, path: str = "/v1/realtime?model=scripted/desk", **more: Any) -> connect:
    return connect(url(house, path), max_size=MIB, proxy=None, **more)


async def sees(client: ClientConnection, kind: str) -> dict[str, Any]:
    """The next event of this type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event: dict[str, Any] = json.loads(await client.recv())
            if event["type"] == kind:
                return event


def append(raw: bytes) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(raw).decode()})


async def refused(house: House, path: str = "/v1/realtime", **more: Any) -> tuple[int, str]:
    """The status and the code of an upgrade that fails."""
    with pytest.raises(InvalidStatus) as refusal:
        async with socket(house, path, **more):
            pass
    response = refusal.value.response
    return response.status_code, json.loads(response.body or b"")["error"]["code"]


async def test_who_has_no_key_is_told_before_the_upgrade(tmp_path: Path) -> None:
    async with a_service(tmp_path, keys=(AccessKey(KEY),)) as house:
        nobody = await refused(house)
        stranger = await refused(house, additional_headers={"authorization": "Bearer sk-of-a-stranger"})
        for fields in ({"authorization": f"Bearer {KEY}"}, {"api-key": KEY}, {"authorization": f"Basic {KEY}"}):
            async with socket(house, additional_headers=fields) as client:
                await sees(client, "session.created")

    assert nobody == stranger == (401, "invalid_api_key")


async def test_a_browser_brings_its_key_as_a_subprotocol_and_gets_it_not_back(tmp_path: Path) -> None:
    offered = ["realtime", f"openai-insecure-api-key.{KEY}"]
    async with (
        a_service(tmp_path, keys=(AccessKey(KEY),)) as house,
        socket(house, subprotocols=offered) as client,
    ):
        await sees(client, "session.created")
        chosen_protocol = client.subprotocol
        compression = client.protocol.extensions

    assert (chosen_protocol, compression) == ("realtime", [])


async def test_the_other_dialects_path_needs_no_model(tmp_path: Path) -> None:
    path = "/api/v1/realtime/session?key=voice-1&protocol=realtime"
    async with a_service(tmp_path) as house, socket(house, path) as client:
        session = (await sees(client, "session.created"))["session"]

    assert session["model"] == "scripted/desk"


async def test_nobody_attaches_to_a_call_that_is_not_there(tmp_path: Path) -> None:
    async with a_service(tmp_path) as house:
        unknown = await refused(house, f"/v1/realtime?call_id=rtc_{'0' * 24}")
        nonsense = await refused(house, "/v1/realtime?call_id=../../etc")

    assert unknown == nonsense == (404, "call_not_found")


async def test_there_are_as_many_sessions_as_the_settings_say(tmp_path: Path) -> None:
    async with a_service(tmp_path, max_sessions=2) as house:
        async with socket(house) as one, socket(house) as two:
            await sees(one, "session.created")
            await sees(two, "session.created")
            third = await refused(house)
            await one.close()
        async with socket(house) as again:
            await sees(again, "session.created")

    assert third == (503, "server_overloaded")


async def test_a_session_expires_with_notice(tmp_path: Path) -> None:
    async with a_service(tmp_path, session_max_s=1) as house, socket(house) as client:
        session = (await sees(client, "session.created"))["session"]
        error = (await sees(client, "error"))["error"]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()

    assert session["expires_at"] > 0
    assert error["code"] == "session_expired"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1_000


async def test_a_service_that_stops_says_so(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as clients:
        async with a_service(tmp_path) as house:
            client = await clients.enter_async_context(socket(house))
            await sees(client, "session.created")
        with pytest.raises(ConnectionClosed) as closed:
            await sees(client, "nothing more")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1_001


async def test_what_is_no_event_is_answered_with_an_error_and_the_session_goes_on(tmp_path: Path) -> None:
    chance = random.Random(7)
    wrong: list[str | bytes] = [
        b"\x00\x01",
        "",
        "{",
        "[]",
        "null",
        '{"type":7}',
        '{"type":"session.fly"}',
        '{"type":"input_audio_buffer.append"}',
        '{"type":"input_audio_buffer.append","audio":"!!!!"}',
        '{"type":"input_audio_buffer.append","audio":"AAA"}',
        '{"type":"input_audio_buffer.append","audio":' + '"AAAA' * 20_000 + '="}',
        "[" * 100_000,
        chance.randbytes(5_000),
        chance.randbytes(5_000).decode("latin-1"),
    ]
    async with a_service(tmp_path) as house, socket(house) as client:
        for frame in wrong:
            await client.send(frame)
        errors = [(await sees(client, "error"))["error"] for _ in wrong]
        await client.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Go"}}))
        session = (await sees(client, "session.updated"))["session"]

    assert {error["type"] for error in errors} == {"invalid_request_error"}
    assert session["instructions"] == "Go"


async def test_an_odd_number_of_bytes_shifts_nothing(tmp_path: Path) -> None:
    async with a_service(tmp_path) as house, socket(house) as client:
        speech = await wide_speech("when do you open")
        for start in range(0, len(speech), 1_001):
            await client.send(append(speech[start : start + 1_001]))
        heard = await sees(client, "conversation.item.input_audio_transcription.completed")

    assert heard["transcript"] == "when do you open"


async def test_a_long_recording_in_one_event_is_heard_while_others_are_served(tmp_path: Path) -> None:
    speech = await wide_speech("when do you open")
    room = (24 * MIB - 100) * 3 // 4 // 96 * 96 - len(speech)
    async with a_service(tmp_path) as house, socket(house) as client, socket(house) as other:
        await client.send(append(bytes(room) + speech))
        rounds = 0
        hearing = asyncio.create_task(sees(client, "conversation.item.input_audio_transcription.completed"))
        while not hearing.done():
            await other.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            await sees(other, "session.updated")
            rounds += 1
        heard = await hearing

    assert heard["transcript"] == "when do you open"
    assert rounds > 20


async def test_a_long_frame_holds_nobody_up(tmp_path: Path) -> None:
    # Its last character is no base64, so none of it is heard: what is measured is how it arrives and is read.
    wire = Frame(Opcode.TEXT, (append(bytes(18 * MIB - 200))[:-3] + '~"}').encode()).serialize(mask=True)
    async with a_service(tmp_path) as house:

        def send_it_from_elsewhere() -> None:
            with sync_connect(url(house), max_size=MIB, proxy=None) as client:
                client.socket.sendall(wire)
                client.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
                while json.loads(client.recv())["type"] != "session.updated":
                    pass

        sending = asyncio.create_task(asyncio.to_thread(send_it_from_elsewhere))
        longest_s, before_s = 0.0, time.thread_time()
        while not sending.done():
            await asyncio.sleep(0.001)
            now_s = time.thread_time()
            longest_s, before_s = max(longest_s, now_s - before_s), now_s
        await sending

    assert longest_s < 0.02


async def test_a_frame_that_is_too_long_ends_the_connection_and_only_that(tmp_path: Path) -> None:
    async with a_service(tmp_path) as house, socket(house) as client, socket(house) as other:
        with contextlib.suppress(ConnectionClosed):
            await client.send(append(bytes(20 * MIB)))
        with pytest.raises(ConnectionClosed) as closed:
            await sees(client, "nothing more")
        await sees(other, "session.created")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1_009


async def test_who_reads_nothing_is_dropped_and_delays_nobody(tmp_path: Path) -> None:
    retrieve = json.dumps({"type": "conversation.item.retrieve", "item_id": "item_long"})
    text = {"type": "input_text", "text": "x" * 500_000}
    item = {"type": "message", "id": "item_long", "role": "user", "content": [text]}

    async def ask_and_never_listen(client: ClientConnection) -> None:
        await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
        while True:
            await client.send(retrieve)

    async with a_service(tmp_path) as house, socket(house, max_queue=1) as deaf, socket(house) as other:
        await sees(deaf, "session.created")
        asking = asyncio.create_task(ask_and_never_listen(deaf))
        served = 0
        while not asking.done():
            await other.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            await sees(other, "session.updated")
            served += 1
        await _connections(house, 1)

    assert isinstance(asking.exception(), ConnectionClosed)
    assert served > 50


async def test_a_thousand_connections_come_and_go_and_leave_nothing(tmp_path: Path) -> None:
    async with a_service(tmp_path) as house:
        await _come_and_go(house, 100)
        await _connections(house, 0)
        before = _tasks_and_objects()
        await _come_and_go(house, 1_000)
        await _connections(house, 0)
        after = _tasks_and_objects()

    assert after[0] <= before[0]
    assert after[1] - before[1] < 5_000


async def _come_and_go(house: House, times: int) -> None:
    """Half of them say goodbye, the others are gone."""

    async def once(number: int) -> None:
        client = await socket(house)
        await client.send(append(bytes(4_800)))
        if number % 2:
            await client.close()
        else:
            client.transport.abort()

    for start in range(0, times, 20):
        await asyncio.gather(*(once(number) for number in range(start, min(start + 20, times))))


async def _connections(house: House, number: int) -> None:
    """Wait until there are so many."""
    assert house.service.realtime is not None
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if house.service.realtime.connections == number:
                return
            await asyncio.sleep(0.02)


def _tasks_and_objects() -> tuple[int, int]:
    gc.collect()
    return len(asyncio.all_tasks()), len(gc.get_objects())
