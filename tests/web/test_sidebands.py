"""Applications at a live phone call: OpenAI's SDK with `call_id`, a real SIP call, the node of the call or another."""

import base64
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from telephony.state.private_redis import RedisServer
from telephony.wire.phone import Phone
from tests.drive.node import two_nodes
from tests.drive.offhook import DESK, House, a_house, agent_audible, chosen, silence_after_speech
from tests.drive.realtime import Talk, talking
from tests.drive.speech import silence
from tests.drive.web import address, an_application, http, sdk, until
from tests.web.test_incoming_calls import deciding, dials_300

PATIENCE_S = 20
NINE = "At nine in the morning."


async def call_id_of(house: House) -> str:
    return (await house.record()).call_id


async def closed_with(talk: Talk) -> int:
    """The code that the connection is closed with, once all events have been seen."""
    with pytest.raises(ConnectionClosed) as closed:
        await talk.sees("nothing more")
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def answer_the_function_call(talk: Talk, output: str) -> None:
    call = await talk.sees("response.function_call_arguments.done")
    await talk.sees("response.done")
    item = {"type": "function_call_output", "call_id": call.call_id, "output": output}
    await talk.connection.conversation.item.create(item=item)  # type: ignore[arg-type]
    await talk.sees("conversation.item.done")
    await talk.connection.response.create()


async def test_an_application_answers_the_agents_question_and_hears_all_but_the_sound(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        async with talking(client, call_id=await call_id_of(house)) as talk:
            await call.press("5")
            pressed = await talk.sees("input_audio_buffer.dtmf_event_received")
            await answer_the_function_call(talk, "42")
            said = await talk.sees("response.output_audio_transcript.done")
            await talk.sees("output_audio_buffer.stopped")
        heard = await house.hears(call, "when do you open")

    assert (talk.events[0].session.model, pressed.event) == ("scripted/desk", "5")
    assert said.transcript == "Here it is."
    assert "response.output_audio.delta" not in talk.types()
    assert "output_audio_buffer.started" in talk.types()
    assert heard == "when do you open"


async def test_several_follow_one_call_until_it_ends_and_only_the_mistaken_one_is_told(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        call_id = await call_id_of(house)
        async with talking(client, call_id=call_id) as one, talking(client, call_id=call_id) as two:
            await one.connection.response.cancel()
            mistake = await one.sees("error")
            await one.update(instructions="Be brief.")
            seen = (await two.sees("session.updated")).session
            await client.realtime.calls.hangup(call_id)
            codes = [await closed_with(one), await closed_with(two)]
        await call.ended

    assert mistake.error.code == "response_cancel_not_active"
    assert (seen.instructions, "error" in two.types()) == ("Be brief.", False)
    assert codes == [1_000, 1_000]


async def test_what_the_agent_says_is_cut_where_the_caller_heard_it(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        async with talking(client, call_id=await call_id_of(house)) as talk:
            await call.say(await house.speech("tell me everything"))
            await talk.sees("output_audio_buffer.started")
            await agent_audible(call, ms=1_000)
            await talk.connection.output_audio_buffer.clear()
            await talk.sees("output_audio_buffer.cleared")
            cut = await talk.sees("conversation.item.truncated")

    assert 500 < cut.audio_end_ms < 3_000


async def test_sound_and_nonsense_from_a_sideband_reach_nobody(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        async with talking(client, call_id=await call_id_of(house)) as talk:
            await talk.connection.input_audio_buffer.append(audio=base64.b64encode(silence(500)).decode())
            await talk.connection.send_raw(b"\x00\x01")
            binary = await talk.sees("error")
            await talk.connection.send_raw("no event")
            nonsense = await talk.sees("error")
            session = await talk.update(instructions="Go on.")
        still_up = not call.ended.done()

    assert {binary.error.code, nonsense.error.code} == {"invalid_value"}
    assert (session.instructions, still_up) == ("Go on.", True)


async def test_an_application_accepts_a_call_and_is_there_from_its_first_word(tmp_path: Path) -> None:
    async with an_application() as application, a_house(deciding(tmp_path, application)) as house:
        dialling = await dials_300(house)
        event = await application.is_told()
        async with sdk(address(house)) as client:
            await client.realtime.calls.accept(event.data.call_id, type="realtime", model="scripted/desk")
            async with talking(client, call_id=event.data.call_id) as talk:
                await talk.connection.response.create()
                said = await talk.sees("response.output_audio_transcript.done")
                await dialling.answered()

    assert said.transcript == "Hello."


@pytest.mark.slow
async def test_a_call_is_followed_and_steered_from_another_node(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path / "redis")
    (tmp_path / "redis").mkdir()
    await redis.start()
    try:
        async with (
            two_nodes(tmp_path, DESK, redis.url) as (first, second),
            Phone() as phone,
            http(second.api) as web,
            sdk(second.api) as client,
        ):
            one, two = await phone.call(first.uri()), await phone.call(first.uri())
            await silence_after_speech(one)
            found = await until(web, "/v1/calls?state=live", lambda calls: len(calls["data"]) == 2)  # type: ignore[arg-type]
            newest, oldest = (call["id"] for call in found["data"])  # type: ignore[attr-defined]
            async with talking(client, call_id=oldest) as talk, talking(client, call_id=newest) as lost:
                await talk.connection.response.cancel(event_id="mine")
                mistake = await talk.sees("error")
                session = await talk.update(instructions="From afar.")
                await one.press("5")
                await answer_the_function_call(talk, "42")
                said = await talk.sees("response.output_audio_transcript.done")
                await talk.sees("response.done")
                await one.hang_up()
                codes = [await closed_with(talk)]
                await first.die()
                codes.append(await closed_with(lost))
            two_up = not two.ended.done()
    finally:
        await redis.stop()

    assert (mistake.error.event_id, session.instructions) == ("mine", "From afar.")
    assert (said.transcript, codes, two_up) == ("Here it is.", [1_000, 1_011], True)
