"""AssemblyAI's recogniser, beyond what all vendors' keep: its turns, its codes, and its words on the wire."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from assemblyai.streaming.v3 import StreamingEvents
from assemblyai.streaming.v3.async_client import AsyncRealTimeTranscriber
from assemblyai.streaming.v3.models import Encoding, RealTimeParameters, RealTimeTranscriberOptions, SpeechModel

from pipeline.audio import ulaw_encoded
from pipeline.providers import ProviderError, Transcript, TurnVerdict
from pipeline.providers.assemblyai_stt import AssemblyAI
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.assemblyai_server import AssemblyAIServer, error
from tests.drive import speech
from tests.drive.recognisers import QUICK, access_to, heard_until, say, sound, until

pytestmark = pytest.mark.timeout(20)

MULTILINGUAL = "universal-streaming-multilingual"
TELEPHONE: dict[str, Any] = {"sample_rate": 8_000, "encoding": Encoding.pcm_mulaw}


def the_sdk(port: int) -> AsyncRealTimeTranscriber:
    return AsyncRealTimeTranscriber(
        RealTimeTranscriberOptions(api_host=f"ws://127.0.0.1:{port}", api_key="a-key", max_connection_retries=0)
    )


async def test_the_server_satisfies_the_vendors_own_client() -> None:
    turns: list[Any] = []
    errors: list[Any] = []
    async with AssemblyAIServer(["good evening"], QUICK) as server:
        client = the_sdk(server.port)
        client.on(StreamingEvents.Turn, lambda _, turn: turns.append(turn))
        client.on(StreamingEvents.Error, lambda _, problem: errors.append(problem))
        await client.connect(RealTimeParameters(**TELEPHONE))
        await client.stream(ulaw_encoded(sound(1)))
        await client.force_endpoint()
        await until(lambda: len(turns) == 2)
        await client.disconnect(terminate=True)

    assert not errors
    assert [(turn.transcript, turn.end_of_turn) for turn in turns] == [("", False), ("good evening", True)]


async def test_it_is_asked_as_the_sdk_would() -> None:
    async with AssemblyAIServer() as server:
        async with AssemblyAI(access_to(server.url), MULTILINGUAL).open("de-CH", "Grüezi\nRösti"):
            pass
        client = the_sdk(server.port)
        await client.connect(
            RealTimeParameters(
                **TELEPHONE,
                speech_model=SpeechModel.universal_streaming_multilingual,
                language_codes=["de"],
                keyterms_prompt=["Grüezi", "Rösti"],
            )
        )
        await client.disconnect()
        asked = [
            {name: _parsed(value) for name, value in parse_qsl(urlsplit(one.path).query)} for one in server.requests
        ]
        ours, theirs = server.requests

    assert asked[0] == asked[1]
    assert ours.headers["Authorization"] == theirs.headers["Authorization"] == "a-key"
    assert ours.headers["AssemblyAI-Version"] == theirs.headers["AssemblyAI-Version"]


def _parsed(value: str) -> Any:
    return json.loads(value) if value.startswith("[") else value


def test_a_language_that_the_model_does_not_speak_is_refused() -> None:
    with pytest.raises(ProviderError) as raised:
        AssemblyAI(access_to("http://127.0.0.1:9"), "universal-streaming-english").open("fr", None)

    assert (raised.value.reason, raised.value.retryable) == ("refused", False)


async def test_the_turn_is_judged_and_the_final_is_there_at_once_when_the_call_agrees() -> None:
    async with (
        AssemblyAIServer([""], Latency(final_ms=60_000)) as server,
        AssemblyAI(access_to(server.url), MULTILINGUAL).open(None, None) as hearing,
    ):
        hearing.begin(1)
        for frame in speech.frames(sound(1, 480)):
            hearing.feed(frame)
        await until(lambda: any(talk.samples for talk in server.talks))
        server.tell("on friday", end_of_turn=False)
        server.tell("on friday at eight", end_of_turn=True)
        server.tell("please", end_of_turn=False)
        server.tell("please", end_of_turn=True)
        transcripts = hearing.transcripts()
        news = [await anext(transcripts) for _ in range(6)]
        hearing.end(1)

        assert news == [
            Transcript(1, "on friday", final=False),
            Transcript(1, "on friday at eight", final=False),
            TurnVerdict(1, "over"),
            TurnVerdict(1, "goes_on"),
            Transcript(1, "on friday at eight please", final=False),
            TurnVerdict(1, "over"),
        ]
        assert await anext(transcripts) == Transcript(1, "on friday at eight please", final=True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1008, ("refused", False)),
        (3005, ("internal", True)),
        (3006, ("refused", False)),
        (3008, ("unreachable", True)),
        (3009, ("limited", True)),
        (4002, ("limited", False)),
    ],
)
async def test_the_vendors_codes_have_our_reasons(code: int, expected: tuple[str, bool]) -> None:
    async with (
        AssemblyAIServer() as server,
        AssemblyAI(access_to(server.url), MULTILINGUAL).open(None, None) as hearing,
    ):
        await until(lambda: bool(server.talks))
        for talk in server.talks:
            talk.say(error(code, "It is wrong."))
        with pytest.raises(ProviderError) as raised:
            await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == expected


async def test_an_utterance_shorter_than_the_vendor_takes_is_filled_with_silence() -> None:
    async with (
        AssemblyAIServer(["yes"], QUICK) as server,
        AssemblyAI(access_to(server.url), MULTILINGUAL).open(None, None) as hearing,
    ):
        say(hearing, 1, sound(1, 20))
        news = await heard_until(hearing, 1)

        assert news == [Transcript(1, "yes", final=True)]
        assert server.heard == [ulaw_encoded(sound(1, 20) + bytes(640))]
