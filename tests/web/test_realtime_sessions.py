"""Applications talk to the service as they talk to OpenAI: the Python SDK, real speech, the embedded engines."""

from pathlib import Path

from tests.drive.offhook import a_house, chosen
from tests.drive.realtime import talking
from tests.drive.web import address, sdk

MODEL = "scripted/desk"


async def test_an_application_connects_and_is_told_of_its_session_first(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client, talking(client, model=MODEL) as talk:
        session = talk.events[0].session

    assert talk.types() == ["session.created", "conversation.created"]
    assert (session.type, session.model, session.audio.output.voice) == ("realtime", MODEL, "rms")


async def test_what_is_said_is_understood_and_answered_aloud(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, sdk(address(house)) as client, talking(client, model=MODEL) as talk:
        await talk.says("what time do you open")
        heard = await talk.sees("conversation.item.input_audio_transcription.completed")
        said = await talk.sees("response.output_audio_transcript.done")
        audio = sum(len(event.delta) for event in talk.events if event.type == "response.output_audio.delta")
        await talk.sees("response.done")

    assert (heard.transcript, said.transcript) == ("what time do you open", "At nine in the morning.")
    assert audio > 24_000
