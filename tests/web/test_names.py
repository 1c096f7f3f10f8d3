"""Applications name models, recognisers and voices by OpenAI's own SDK: OpenAI's names serve, wrong ones are told."""

from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError
from websockets.exceptions import ConnectionClosedError

from telephony.bench.vendor_servers.openai_llm import ChatServer, words
from telephony.settings import ProviderSettings, Secret
from telephony.vendor_table import Vendor
from tests.drive.offhook import DESK, a_house, chosen
from tests.drive.realtime import talking
from tests.drive.web import address, sdk

OURS = ProviderSettings(llm="scripted/desk")
OPENAIS: dict[str, Any] = {
    "model": "gpt-realtime-2.1",
    "instructions": "Be brief.",
    "tracing": "auto",
    "audio": {
        "input": {"transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"}},
        "output": {"voice": "marin"},
    },
}


async def test_an_application_of_openais_is_served_by_another_base_url_alone(tmp_path: Path) -> None:
    async with (
        a_house(chosen(tmp_path, providers=OURS)) as house,
        sdk(address(house)) as client,
        talking(client, model="gpt-realtime") as talk,
    ):
        opened = talk.events[0].session
        session = await talk.update(**OPENAIS)
        await talk.says("when do you open")
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        said = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")

    shown = (session.model, session.audio.input.transcription.model, session.audio.output.voice)
    assert (opened.model, *shown) == ("gpt-realtime", "gpt-realtime-2.1", "gpt-4o-mini-transcribe", "marin")
    assert (heard.transcript, said.transcript) == ("when do you open", "At nine in the morning.")
    assert talk.audio_ms(said.item_id) > 1_000


@pytest.mark.parametrize(
    ("wrong", "code", "param", "told"),
    [
        ({"model": "grok/qwen"}, "model_not_found", "session.model", "'groq/MODEL'"),
        ({"model": "openai/gpt-4.1"}, "model_not_found", "session.model", "there is no key for openai"),
        (
            {"audio": {"input": {"transcription": {"model": "deepgram/nova-3"}}}},
            "invalid_value",
            "session.audio.input.transcription.model",
            "there is no key for deepgram",
        ),
        (
            {"audio": {"output": {"model": "eleven/flash"}}},
            "invalid_value",
            "session.audio.output.model",
            "'elevenlabs/MODEL'",
        ),
        ({"audio": {"output": {"voice": "stl"}}}, "invalid_value", "session.audio.output.voice", "slt"),
    ],
)
async def test_a_name_that_nobody_answers_to_is_an_error_and_changes_nothing(
    wrong: dict[str, Any], code: str, param: str, told: str, tmp_path: Path
) -> None:
    async with (
        a_house(chosen(tmp_path, providers=OURS)) as house,
        sdk(address(house)) as client,
        talking(client, model="gpt-realtime") as talk,
    ):
        before = await talk.update()
        session: Any = {"type": "realtime", "instructions": "Be kind.", **wrong}
        await talk.connection.session.update(event_id="mine", session=session)
        error = (await talk.sees("error")).error
        after = await talk.update()

    assert (error.type, error.code, error.param, error.event_id) == ("invalid_request_error", code, param, "mine")
    assert told in error.message
    assert after == before


@pytest.mark.parametrize("model", ["grok/qwen", "openai/gpt-4.1", "agent:nobody"])
async def test_a_model_that_nobody_answers_to_opens_no_session(model: str, tmp_path: Path) -> None:
    async with (
        a_house(chosen(tmp_path, providers=OURS)) as house,
        sdk(address(house)) as client,
        client.realtime.connect(model=model) as connection,
    ):
        error = await connection.recv()
        with pytest.raises(ConnectionClosedError) as closed:
            await connection.recv()

    assert error.type == "error"
    assert (error.error.code, error.error.param) == ("model_not_found", "model")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4_004, "invalid_request_error.model_not_found")


async def test_a_client_secret_is_made_for_nobody_who_cannot_be_asked(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, providers=OURS)) as house, sdk(address(house)) as client:
        with pytest.raises(BadRequestError) as refused:
            await client.realtime.client_secrets.create(session={"type": "realtime", "model": "grok/qwen"})

    assert (refused.value.code, refused.value.param) == ("model_not_found", "session.model")


async def test_one_response_has_a_voice_that_there_is(tmp_path: Path) -> None:
    async with (
        a_house(chosen(tmp_path, providers=OURS)) as house,
        sdk(address(house)) as client,
        talking(client, model="gpt-realtime") as talk,
    ):
        await talk.update(audio={"output": {"voice": "slt"}})
        wrong: Any = {"audio": {"output": {"voice": "stl"}}}
        await talk.connection.response.create(response=wrong)
        error = (await talk.sees("error")).error
        openais: Any = {"audio": {"output": {"voice": "marin"}}}
        await talk.connection.response.create(response=openais)
        created = (await talk.sees("response.created")).response
        await talk.sees("response.done")

    assert (error.code, error.param, created.audio.output.voice) == (
        "invalid_value",
        "response.audio.output.voice",
        "slt",
    )


async def test_who_follows_a_call_with_openais_names_changes_nobody_that_the_dialplan_chose(tmp_path: Path) -> None:
    agent = '[agents.desk]\nmodel = "openai/any"\naudio.output.voice = "slt"\n'
    async with ChatServer([words("We are open.")] * 9) as server:
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        dialplan = DESK.replace('[agents.desk]\nmodel = "scripted/desk"\n', agent)
        async with (
            a_house(chosen(tmp_path, dialplan, providers=OURS, vendors=vendors)) as house,
            sdk(address(house)) as client,
        ):
            call = await house.dial_and_be_greeted()
            async with talking(client, call_id=(await house.record()).call_id) as talk:
                session = await talk.update(**OPENAIS)
                await call.say(await house.speech("when do you open"))
                created = (await talk.sees("response.created")).response
                said = await talk.sees("response.output_audio_transcript.done")

    assert (session.model, session.audio.output.voice) == ("gpt-realtime-2.1", "marin")
    assert (said.transcript, created.audio.output.voice) == ("We are open.", "slt")
    assert {asked["model"] for asked in server.requests} == {"any"}
