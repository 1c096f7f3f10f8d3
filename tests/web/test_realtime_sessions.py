"""Applications talk to the service as they talk to OpenAI: the Python SDK, real speech, the embedded engines."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from pipeline.audio import ulaw_encoded
from telephony.bench.vendor_servers.events_server import Answer, Stall
from telephony.bench.vendor_servers.openai_llm import ChatServer, call_piece, delta, finish, words
from telephony.media.rates import rate_change
from telephony.settings import ProviderSettings, Secret
from telephony.vendor_table import Vendor
from tests.drive.offhook import a_house, chosen
from tests.drive.realtime import Talk, talking, wide_speech
from tests.drive.web import address, sdk

LOOK_UP = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}
UNENDING = Answer([delta(content="This is a long story, and it goes on and on. "), Stall()])


@contextlib.asynccontextmanager
async def an_application(tmp_path: Path, *answers: Answer, model: str = "", **query: object) -> AsyncIterator[Talk]:
    """Connected to a service whose language model answers like this, or to the scripted desk."""
    async with ChatServer(list(answers)) as server:
        providers = ProviderSettings(llm="scripted/desk")
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        model = model or ("openai/any" if answers else "scripted/desk")
        settings = chosen(tmp_path, providers=providers, vendors=vendors)
        async with (
            a_house(settings) as house,
            sdk(address(house)) as client,
            talking(client, **({"model": model} | query)) as talk,
        ):
            yield talk


async def test_an_application_is_told_of_its_session_first(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        session = talk.events[0].session

    assert talk.types() == ["session.created", "conversation.created"]
    assert (session.type, session.model, session.audio.output.voice) == ("realtime", "scripted/desk", "rms")


async def test_what_is_said_is_understood_and_answered_aloud(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        begun = talk.at
        await talk.says("when do you open")
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        said = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")

    assert (heard.transcript, said.transcript) == ("when do you open", "At nine in the morning.")
    assert 1_000 < talk.audio_ms(said.item_id) < 4_000
    order = [kind for kind in talk.types(begun) if "transcription" not in kind]
    assert order[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert order[6:9] == ["response.output_item.added", "conversation.item.added", "response.content_part.added"]
    assert order[-6:] == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


async def test_a_session_is_changed_in_part_and_a_wrong_change_changes_nothing(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        changed = await talk.update(instructions="Be brief.", audio={"output": {"voice": "slt"}})
        await talk.connection.session.update(
            event_id="mine",
            session={"type": "realtime", "audio": {"output": {"speed": "fast"}}},  # type: ignore[arg-type,misc]
        )
        refused = await talk.sees("error")
        after = await talk.update()

    assert (changed.instructions, changed.audio.output.voice, changed.model) == ("Be brief.", "slt", "scripted/desk")
    assert (refused.error.code, refused.error.param) == ("invalid_value", "session.audio.output.speed")
    assert refused.error.event_id == "mine"
    assert after == changed


async def test_a_function_is_called_and_answered(tmp_path: Path) -> None:
    asks = Answer([call_piece(0, '{"order": 7}', "call_1", "look_up"), finish("tool_calls")])
    async with an_application(tmp_path, asks, words("It is on its way.")) as talk:
        await talk.update(tools=[LOOK_UP])
        await talk.says("when do you open")
        call = await talk.sees("response.function_call_arguments.done")
        done = await talk.sees("response.done")
        item = {"type": "function_call_output", "call_id": call.call_id, "output": "shipped"}
        await talk.connection.conversation.item.create(item=item)  # type: ignore[arg-type]
        await talk.connection.response.create()
        said = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")

    assert (call.name, json.loads(call.arguments)) == ("look_up", {"order": 7})
    assert [item.type for item in done.response.output] == ["function_call"]
    assert said.transcript == "It is on its way."


async def test_who_speaks_while_the_agent_does_is_yielded_to_and_the_agent_knows_what_was_heard(tmp_path: Path) -> None:
    async with an_application(tmp_path, UNENDING, words("Yes?")) as talk:
        await talk.says("when do you open")
        begun = await talk.sees("response.output_audio.delta")
        while talk.audio_ms(begun.item_id) < 1_000:
            await talk.sees("response.output_audio.delta")
        await talk.send(await wide_speech("that is all goodbye"))
        await talk.sees("input_audio_buffer.speech_started")
        cut = await talk.sees("response.done")
        await talk.connection.conversation.item.truncate(item_id=begun.item_id, content_index=0, audio_end_ms=700)
        truncated = await talk.sees("conversation.item.truncated")
        await talk.connection.conversation.item.retrieve(item_id=begun.item_id)
        shown = await talk.sees("conversation.item.retrieved")
        said = await talk.sees("response.output_audio_transcript.done")

    assert (cut.response.status, cut.response.status_details.reason) == ("cancelled", "turn_detected")
    assert (truncated.item_id, truncated.audio_end_ms) == (begun.item_id, 700)
    assert 0 < len(shown.item.content[0].transcript) < len("This is a long story, and it goes on and on.")
    assert said.transcript == "Yes?"


async def test_a_response_is_cancelled(tmp_path: Path) -> None:
    async with an_application(tmp_path, UNENDING) as talk:
        await talk.connection.response.create()
        await talk.sees("response.output_audio.delta")
        await talk.connection.response.cancel()
        done = await talk.sees("response.done")
        await talk.connection.response.cancel()
        nothing = await talk.sees("error")

    assert (done.response.status, done.response.status_details.reason) == ("cancelled", "client_cancelled")
    assert nothing.error.code == "response_cancel_not_active"


async def test_a_transcription_session_listens_and_never_answers(tmp_path: Path) -> None:
    async with an_application(tmp_path, extra_query={"intent": "transcription"}) as talk:
        await talk.says("when do you open")
        first = await talk.sees("conversation.item.input_audio_transcription.completed")
        await talk.says("that is all goodbye")
        second = await talk.sees("conversation.item.input_audio_transcription.completed")

    assert talk.events[0].session.type == "transcription"
    assert (first.transcript, second.transcript) == ("when do you open", "that is all goodbye")
    assert not [kind for kind in talk.types() if kind.startswith("response.")]


async def test_g711_comes_and_goes_as_it_is(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        pcmu = {"format": {"type": "audio/pcmu"}}
        await talk.update(audio={"input": pcmu, "output": pcmu})
        speech = await wide_speech("when do you open")
        await talk.send(ulaw_encoded(rate_change(24_000, 8_000).process(speech)), chunk_bytes=161)
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        said = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")

    assert heard.transcript == "when do you open"
    assert 1_000 < talk.audio_ms(said.item_id, bytes_per_ms=8) < 4_000


async def test_one_response_may_have_a_format_of_its_own(tmp_path: Path) -> None:
    async with an_application(tmp_path, words("Good evening to you."), words("Good evening to you.")) as talk:
        own = {"output": {"format": {"type": "audio/pcma"}}}
        await talk.connection.response.create(response={"audio": own})  # type: ignore[arg-type]
        first = (await talk.sees("response.output_item.added")).item.id
        await talk.sees("response.done")
        await talk.connection.response.create()
        second = (await talk.sees("response.output_item.added")).item.id
        await talk.sees("response.done")

    assert abs(talk.audio_ms(first, bytes_per_ms=8) - talk.audio_ms(second)) < 10


async def test_an_application_may_end_turns_by_hand(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        await talk.update(audio={"input": {"turn_detection": None}})
        await talk.connection.input_audio_buffer.commit()
        empty = await talk.sees("error")
        await talk.says("when do you open")
        await talk.connection.input_audio_buffer.commit()
        await talk.connection.response.create()
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        said = await talk.sees("response.output_audio_transcript.done")

    assert empty.error.code == "input_audio_buffer_commit_empty"
    assert (heard.transcript, said.transcript) == ("when do you open", "At nine in the morning.")


async def test_a_reply_may_be_written(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        await talk.update(output_modalities=["text"])
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "when do you open"}]}
        await talk.connection.conversation.item.create(item=item)  # type: ignore[arg-type]
        await talk.connection.response.create(response={"metadata": {"mine": "1"}})
        created = await talk.sees("response.created")
        written = await talk.sees("response.output_text.done")
        done = await talk.sees("response.done")

    assert (created.response.metadata, done.response.metadata) == ({"mine": "1"}, {"mine": "1"})
    assert written.text == "At nine in the morning."


async def test_an_item_is_shown_with_its_sound(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        await talk.says("when do you open")
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        await talk.sees("response.done")
        await talk.connection.conversation.item.retrieve(item_id=heard.item_id)
        shown = await talk.sees("conversation.item.retrieved")

    assert shown.item.content[0].transcript == "when do you open"
    assert 24_000 < len(shown.item.content[0].audio) < 400_000


async def test_audio_that_is_still_on_its_way_does_not_delay_what_is_asked_of_others(tmp_path: Path) -> None:
    async with an_application(tmp_path) as talk:
        await talk.send(bytes(10_000_000), chunk_bytes=10_000_000)
        session = await talk.update(instructions="After that.")

    assert session.instructions == "After that."
