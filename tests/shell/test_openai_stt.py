"""OpenAI's recognisers, beyond what all vendors' keep: sessions and items, and files."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest
from openai import AsyncOpenAI

from pipeline.audio import ulaw_encoded
from pipeline.providers import ProviderError, Transcript
from pipeline.providers.openai_files import OpenAIFiles
from pipeline.providers.openai_transcription import OpenAITranscription
from telephony.bench.vendor_servers.openai_files_server import OpenAIFilesServer
from telephony.bench.vendor_servers.openai_transcription_server import TRANSCRIPTION, OpenAITranscriptionServer
from tests.drive import speech
from tests.drive.recognisers import QUICK, access_to, heard_until, say, sound, until

pytestmark = pytest.mark.timeout(20)


async def session_asked_for(model: str, language: str | None, prompt: str | None) -> dict[str, Any]:
    async with (
        OpenAITranscriptionServer() as server,
        OpenAITranscription(access_to(server.url), model).open(language, prompt),
    ):
        await until(lambda: bool(server.messages))
        asked: dict[str, Any] = server.messages[0]["session"]
        return asked


async def test_the_server_for_transcription_satisfies_the_vendors_own_client() -> None:
    events: list[Any] = []
    async with OpenAITranscriptionServer(["good evening"], QUICK) as server:
        client = AsyncOpenAI(api_key="a-key", base_url=server.url)
        async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            heard: Any = {"format": {"type": "audio/pcmu"}, "turn_detection": None}
            await connection.session.update(session={"type": "transcription", "audio": {"input": heard}})
            await connection.input_audio_buffer.append(audio=b64encode(ulaw_encoded(sound(1))).decode())
            await connection.input_audio_buffer.commit()
            async for event in connection:
                events.append(event)
                if event.type == f"{TRANSCRIPTION}.completed":
                    break
        await client.close()

    assert events[-1].transcript == "good evening"
    assert [event.type for event in events] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.committed",
        f"{TRANSCRIPTION}.delta",
        f"{TRANSCRIPTION}.delta",
        f"{TRANSCRIPTION}.completed",
    ]


async def test_the_session_is_for_transcription_of_telephone_audio_without_turns() -> None:
    assert await session_asked_for("gpt-4o-mini-transcribe", "de-CH", "Expect menu items.") == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "transcription": {
                    "model": "gpt-4o-mini-transcribe",
                    "language": "de",
                    "prompt": "Expect menu items.",
                },
                "turn_detection": None,
            }
        },
    }


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-live-transcribe", {"model": "gpt-live-transcribe", "keywords": ["Grüezi", "Rösti"]}),
        ("gpt-realtime-whisper", {"model": "gpt-realtime-whisper"}),
    ],
)
async def test_words_to_expect_are_given_as_the_model_takes_them(model: str, expected: dict[str, Any]) -> None:
    asked = await session_asked_for(model, None, "Grüezi\nRösti")

    assert asked["audio"]["input"]["transcription"] == expected


async def test_words_that_come_while_the_caller_speaks_belong_to_what_is_being_said() -> None:
    async with (
        OpenAITranscriptionServer(["yes that is right", "no"], QUICK) as server,
        OpenAITranscription(access_to(server.url), "gpt-live-transcribe").open(None, None) as hearing,
    ):
        server.live = True
        hearing.begin(1)
        for frame in speech.frames(sound(1)):
            hearing.feed(frame)
        first = await anext(aiter(hearing.transcripts()))
        hearing.end(1)
        say(hearing, 2, sound(2))
        finals = [one for one in await heard_until(hearing, 2) if isinstance(one, Transcript) and one.final]

    assert (first, finals) == (
        Transcript(1, "yes", final=False),
        [Transcript(1, "yes that is right", final=True), Transcript(2, "no", final=True)],
    )


async def test_finals_come_in_order_also_when_the_vendors_do_not() -> None:
    async with (
        OpenAITranscriptionServer(["the first", "the second"], QUICK) as server,
        OpenAITranscription(access_to(server.url), "gpt-4o-transcribe").open(None, None) as hearing,
    ):
        server.delays_ms = [200, 1]
        say(hearing, 1, sound(1))
        say(hearing, 2, sound(2))
        finals = [one for one in await heard_until(hearing, 2) if isinstance(one, Transcript) and one.final]

    assert finals == [Transcript(1, "the first", final=True), Transcript(2, "the second", final=True)]


async def test_an_utterance_that_cannot_be_transcribed_is_empty() -> None:
    async with (
        OpenAITranscriptionServer(["", "yes"], QUICK) as server,
        OpenAITranscription(access_to(server.url), "gpt-4o-transcribe").open(None, None) as hearing,
    ):
        server.problem = {"type": "transcription_error", "code": "audio_unintelligible", "message": "Mumbling."}
        say(hearing, 1, sound(1))
        say(hearing, 2, sound(2))
        finals = [one for one in await heard_until(hearing, 2) if isinstance(one, Transcript) and one.final]

    assert finals == [Transcript(1, "", final=True), Transcript(2, "yes", final=True)]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ({"type": "server_error", "code": None}, ("internal", True)),
        ({"type": "invalid_request_error", "code": "rate_limit_exceeded"}, ("limited", True)),
        ({"type": "invalid_request_error", "code": "insufficient_quota"}, ("limited", False)),
    ],
)
async def test_an_utterance_that_another_try_may_understand_is_not_given_up(
    problem: dict[str, Any], expected: tuple[str, bool]
) -> None:
    async with (
        OpenAITranscriptionServer([""], QUICK) as server,
        OpenAITranscription(access_to(server.url), "gpt-4o-transcribe").open(None, None) as hearing,
    ):
        server.problem = problem
        say(hearing, 1, sound(1))
        with pytest.raises(ProviderError) as raised:
            await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == expected


async def test_a_file_is_asked_for_as_the_vendor_documents_it() -> None:
    async with OpenAIFilesServer(["yes"], QUICK) as server:
        files = OpenAIFiles(access_to(server.url), "whisper-1")
        async with files.open("en-GB", "Grüezi") as hearing:
            say(hearing, 1, sound(1))
            await heard_until(hearing, 1)

        assert server.forms == [{"model": "whisper-1", "response_format": "json", "language": "en", "prompt": "Grüezi"}]
        assert server.headers[0]["authorization"] == "Bearer a-key"


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
async def test_a_server_that_does_not_stream_is_understood(model: str) -> None:
    async with OpenAIFilesServer(["a table for four"], QUICK) as server:
        server.plain = True
        async with OpenAIFiles(access_to(server.url), model).open(None, None) as hearing:
            say(hearing, 1, sound(1))

            assert await heard_until(hearing, 1) == [Transcript(1, "a table for four", final=True)]


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
async def test_half_a_letter_in_a_transcript_can_be_sent_on(model: str) -> None:
    async with (
        OpenAIFilesServer(["four\ud83d please"], QUICK) as server,
        OpenAIFiles(access_to(server.url), model).open(None, None) as hearing,
    ):
        say(hearing, 1, sound(1))

        assert (await heard_until(hearing, 1))[-1] == Transcript(1, "four\ufffd please", final=True)


async def test_a_call_needs_one_connection() -> None:
    async with OpenAIFilesServer(["one", "two", "three"], QUICK) as server:
        async with OpenAIFiles(access_to(server.url), "whisper-1").open(None, None) as hearing:
            for nth in range(3):
                say(hearing, nth, sound(nth))
            await heard_until(hearing, 3)

        assert (len(server.heard), server.connections) == (3, 1)


async def test_an_answer_that_was_cut_off_is_no_answer() -> None:
    async with OpenAIFilesServer(["one"], QUICK) as server:
        server.cut_off = True
        async with OpenAIFiles(access_to(server.url), "gpt-4o-transcribe").open(None, None) as hearing:
            say(hearing, 1, sound(1))
            with pytest.raises(ProviderError) as raised:
                await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == ("unreachable", True)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(429, "insufficient_quota", ("limited", False)), (404, "model_not_found", ("refused", False))],
)
async def test_what_will_not_be_otherwise_next_time_is_not_tried_again(
    status: int, code: str, expected: tuple[str, bool]
) -> None:
    async with OpenAIFilesServer() as server:
        server.status, server.code = status, code
        async with OpenAIFiles(access_to(server.url), "whisper-1").open(None, None) as hearing:
            say(hearing, 1, sound(1))
            with pytest.raises(ProviderError) as raised:
                await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == expected


async def test_what_the_server_finds_too_short_is_empty() -> None:
    async with OpenAIFilesServer() as server:
        server.status, server.code = 400, "audio_too_short"
        async with OpenAIFiles(access_to(server.url), "whisper-1").open(None, None) as hearing:
            say(hearing, 1, sound(1, 120))

            assert await heard_until(hearing, 1) == [Transcript(1, "", final=True)]


async def test_an_answer_that_cannot_be_unpacked_is_malformed() -> None:
    async def garbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n")
        writer.write(b"Content-Length: 3\r\n\r\nno!")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(garbled, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with OpenAIFiles(access_to(url), "whisper-1").open(None, None) as hearing:
            say(hearing, 1, sound(1))
            with pytest.raises(ProviderError, match="malformed"):
                await heard_until(hearing, 1)
