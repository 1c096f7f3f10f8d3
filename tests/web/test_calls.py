"""An application places calls, follows and steers them."""

import io
from pathlib import Path

import httpx
import pytest
import soundfile

from pipeline.realtime.events import PlayoutStopped, TranscriptCompleted
from telephony.leg import Ending
from telephony.media_settings import RecordingFormat
from telephony.settings import MediaSettings, ProviderSettings
from tests.drive.offhook import House, a_house, chosen, silence_after_speech
from tests.drive.raw_sip import RawSip, response_to, sdp
from tests.drive.web import address, http, until


async def placed(client: httpx.AsyncClient, house: House, **wish: object) -> httpx.Response:
    return await client.post("/v1/calls", json={"to": house.phone.uri, **wish})


async def test_a_call_is_placed_and_the_agent_talks(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        answer = await placed(client, house, agent="desk", caller="+493023125000", metadata={"order": "42"})
        call = (await house.phone.rings()).answer()
        await silence_after_speech(call)
        live = (await client.get("/v1/calls", params={"state": "live"})).json()
        await call.hang_up()
        await house.service.switchboard.settled()
        await house.service.writer.written()
        ended = (await client.get(answer.headers["location"])).json()

    assert (answer.status_code, answer.json()["state"], answer.json()["direction"]) == (201, "ringing", "outbound")
    assert [(call["id"], call["metadata"]) for call in live["data"]] == [(answer.json()["id"], {"order": "42"})]
    assert (ended["state"], ended["caller"], ended["agent"]) == ("ended", "+493023125000", "desk")
    assert ended["ending"] == {"by": "callee", "reason": "hung_up", "sip_code": 200}


async def test_a_session_of_the_applications_own_speaks_when_told_to(tmp_path: Path) -> None:
    settings = chosen(tmp_path, providers=ProviderSettings(llm="scripted/desk"))
    async with a_house(settings) as house, http(address(house)) as client:
        answer = await placed(client, house, session={"model": "gpt-realtime"}, greet=False)
        call = (await house.phone.rings()).answer()
        heard = await house.hears(call, "when do you open")

    assert (answer.status_code, heard) == (201, "when do you open")


REFUSED: list[tuple[dict[str, object], str, str]] = [
    ({"to": "sip:x@127.0.0.1"}, "missing_required_parameter", "agent"),
    ({"agent": "desk"}, "missing_required_parameter", "to"),
    ({"to": "4711", "agent": "desk"}, "invalid_value", "to"),
    ({"to": "sip:x@127.0.0.1\r\nX: y", "agent": "desk"}, "invalid_value", "to"),
    ({"to": "sip:x@127.0.0.1", "agent": "nobody"}, "invalid_value", "agent"),
    ({"to": "sip:x@127.0.0.1", "agent": "desk", "trunk": "none"}, "invalid_value", "trunk"),
    ({"to": "sip:x@127.0.0.1", "agent": "desk", "caller": "a>b"}, "invalid_value", "caller"),
    ({"to": "sip:x@127.0.0.1", "agent": "desk", "ring_timeout_s": 0}, "invalid_value", "ring_timeout_s"),
    ({"to": "sip:x@127.0.0.1", "agent": "desk", "follow": ["2*", "a@b@c"]}, "invalid_value", "follow[1]"),
    ({"to": "sip:x@127.0.0.1", "agent": "desk", "follow": ["2*\n"]}, "invalid_value", "follow[0]"),
    ({"to": "sip:x@127.0.0.1?Contact=%3Csip:y%3E", "agent": "desk"}, "invalid_value", "to"),
    ({"to": "sip:x@127.0.0.1", "agnt": "desk"}, "unknown_parameter", "agnt"),
    ({"to": "sip:x@127.0.0.1", "session": {"tools": 7}}, "invalid_value", "session.tools"),
]


async def test_a_wish_that_cannot_be_met_is_refused_by_name(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        answers = [await client.post("/v1/calls", json=wish) for wish, _, _ in REFUSED]
        calls = (await client.get("/v1/calls")).json()["data"]

    told = [(answer.status_code, answer.json()["error"]) for answer in answers]
    assert [(status, error["code"], error["param"]) for status, error in told] == [
        (400, code, param) for _, code, param in REFUSED
    ]
    assert calls == []


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("486 Busy Here", Ending("callee", "busy", 486)),
        ("603 Decline", Ending("callee", "declined", 603)),
        ("480 Temporarily Unavailable", Ending("callee", "no_answer", 480)),
        ("404 Not Found", Ending("callee", "not_found", 404)),
        ("503 Service Unavailable", Ending("carrier", "failed", 503)),
        ("183 Session Progress", Ending("us", "no_answer", 487)),
    ],
)
async def test_each_way_not_to_be_answered_is_a_result_of_its_own(tmp_path: Path, status: str, ending: Ending) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client, RawSip() as callee:
        wish = {"to": f"sip:x@127.0.0.1:{callee.port}", "agent": "desk", "ring_timeout_s": 1}
        answer = await client.post("/v1/calls", json=wish)
        invite = await callee.gets(lambda message: message.startswith("INVITE "))
        port = house.service.endpoint.port("udp")
        callee.send(response_to(invite, status, sdp(9) if status[0] == "1" else "", callee.port), port)
        if status[0] == "1":
            cancel = await callee.gets(lambda message: message.startswith("CANCEL "))
            callee.send(response_to(cancel, "200 OK"), port)
            callee.send(response_to(invite, "487 Request Terminated"), port)
        await house.service.switchboard.settled()
        record = await house.record()

    assert (record.call_id, record.ending, record.answered_at_ms) == (answer.json()["id"], ending, None)


async def test_what_happened_and_what_was_said_can_be_read_while_it_happens(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        await house.hears(call, "when do you open")
        await house.sees(PlayoutStopped)
        await call.press("7")
        (listed,) = (await client.get("/v1/calls")).json()["data"]
        path = f"/v1/calls/{listed['id']}"
        told = await until(client, f"{path}/transcript", lambda found: len(found["data"]) >= 4)  # type: ignore[arg-type]
        moments = (await client.get(path)).json()["timeline"]

    said = [(line["who"], line["text"]) for line in told["data"]]  # type: ignore[attr-defined]
    kinds = [moment["type"] for moment in moments]
    assert said == [
        ("agent", "Hello."),
        ("caller", "when do you open"),
        ("agent", "At nine in the morning."),
        ("digit", "7"),
    ]
    assert kinds[:2] == ["call.ringing", "call.answered"]
    assert [moment["at_ms"] for moment in moments] == sorted(moment["at_ms"] for moment in moments)
    assert {"input_audio_buffer.speech_started", "response.done", "offhook.turn_timeline"} <= set(kinds)


async def test_the_far_end_waits_on_hold_and_is_taken_back(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        path = f"/v1/calls/{(await house.record()).call_id}"
        on = await client.post(f"{path}/hold")
        await until(client, path, lambda found: found["held"] is True)
        off = await client.post(f"{path}/resume")
        await until(client, path, lambda found: found["held"] is False)
        heard = await house.hears(call, "when do you open")

    assert (on.status_code, off.status_code, heard) == (200, 200, "when do you open")


async def test_keys_are_pressed_for_the_far_end(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        path = f"/v1/calls/{(await house.record()).call_id}/digits"
        wrong = await client.post(path, json={"digits": "12x"})
        pressed = await client.post(path, json={"digits": "1#"})
        await call.until(lambda ear, _: ear.digits == ["1", "#"])

    assert (wrong.status_code, wrong.json()["error"]["param"], pressed.status_code) == (400, "digits", 200)


@pytest.mark.parametrize(("kind", "media_type"), [("wav", "audio/wav"), ("opus", "audio/ogg")])
async def test_a_recording_can_be_fetched_when_the_call_is_over(
    tmp_path: Path, kind: RecordingFormat, media_type: str
) -> None:
    media = MediaSettings(recordings_dir=tmp_path / "recordings", recording_format=kind)
    async with a_house(chosen(tmp_path, media=media)) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        path = f"/v1/calls/{(await house.record()).call_id}/recording"
        early = await client.get(path)
        await call.hang_up()
        await house.service.switchboard.settled()
        await house.service.writer.written()
        found = await client.get(path)
        quality = (await client.get(path.removesuffix("/recording"))).json()["quality"]

    sound, rate_hz = soundfile.read(io.BytesIO(found.content), dtype="int16")
    assert (early.status_code, early.json()["error"]["code"]) == (404, "recording_not_found")
    assert (quality["mos"] > 4, quality["lost_percent"], quality["one_way"]) == (True, 0, "")
    assert (found.headers["content-type"], rate_hz) == (media_type, 8_000)
    assert (sound.shape[1], len(sound) > 4_000, sound[:, 1].max() > 1_000) == (2, True, True)


async def test_an_application_hears_of_words_that_were_understood(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        call = await house.dial_and_be_greeted()
        await house.hears(call, "that is all goodbye")
        await call.ended
        await house.service.switchboard.settled()
        await house.service.writer.written()
        told = (await client.get(f"/v1/calls/{(await house.record()).call_id}/transcript")).json()

    assert TranscriptCompleted in {type(event) for _, event in house.events}
    assert [line["text"] for line in told["data"]] == ["Hello.", "that is all goodbye", "Goodbye."]
