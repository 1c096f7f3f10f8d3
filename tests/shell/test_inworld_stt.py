"""Inworld's recogniser, beyond what all vendors' keep: its words on the wire, as its documentation has them."""

import asyncio
from dataclasses import replace

import pytest

from pipeline.providers import ProviderError, Transcript, inworld_stt
from pipeline.providers.inworld_stt import InworldStt
from pipeline.providers.simulated import Latency
from telephony.bench.vendor_servers.inworld_stt_server import InworldSttServer, transcription
from tests.drive import speech
from tests.drive.recognisers import QUICK, access_to, heard_until, say, sound, until

pytestmark = pytest.mark.timeout(20)


async def test_the_stream_is_configured_as_documented_and_ended_with_its_turns() -> None:
    async with InworldSttServer(["yes"], QUICK) as server:
        async with InworldStt(access_to(server.url), "inworld/inworld-stt-1").open("de-CH", "Grüezi") as hearing:
            say(hearing, 1, sound(1))
            await heard_until(hearing, 1)
        await until(lambda: not server.talks)

        assert server.requests[0].path == "/stt/v1/transcribe:streamBidirectional"
        assert server.requests[0].headers["Authorization"] == "Basic a-key"
        assert server.messages == [
            {
                "transcribeConfig": {
                    "modelId": "inworld/inworld-stt-1",
                    "audioEncoding": "LINEAR16",
                    "sampleRateHertz": 16_000,
                    "numberOfChannels": 1,
                    "inactivityTimeoutSeconds": 3_600,
                    "inworldSttV1Config": {"vadThreshold": 0},
                    "language": "de-CH",
                    "prompts": ["Grüezi"],
                }
            },
            {"endTurn": {}},
            {"closeStream": {}},
        ]


async def test_what_a_model_finishes_by_itself_is_joined() -> None:
    async with (
        InworldSttServer(["please"], QUICK) as server,
        InworldStt(access_to(server.url), "soniox/stt-rt-v4").open(None, None) as hearing,
    ):
        hearing.begin(1)
        for frame in speech.frames(sound(1, 160)):
            hearing.feed(frame)
        await until(lambda: any(talk.samples for talk in server.talks))
        for talk in server.talks:
            talk.say(transcription("a table for four", is_final=True))
        await until(lambda: all(talk.sent for talk in server.talks))
        first = await anext(aiter(hearing.transcripts()))
        hearing.end(1)

        assert first == Transcript(1, "a table for four", final=False)
        assert (await heard_until(hearing, 1))[-1] == Transcript(1, "a table for four please", final=True)


async def test_what_comes_too_late_is_not_given_to_the_next_utterance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inworld_stt._Inworld, "etiquette", replace(inworld_stt._Inworld.etiquette, silent_s=0.05))
    async with (
        InworldSttServer(["no", "yes"], Latency(final_ms=200)) as server,
        InworldStt(access_to(server.url), "inworld/inworld-stt-1").open("en", None) as hearing,
    ):
        say(hearing, 1, speech.silence(100))
        first = await heard_until(hearing, 1)
        server.latency = QUICK
        hearing.begin(2)
        for frame in speech.frames(sound(2)):
            hearing.feed(frame)
        await asyncio.sleep(0.2)  # The late words are on their way: nothing else tells when they have been ignored.
        hearing.end(2)

        assert (first, (await heard_until(hearing, 1))[-1]) == ([Transcript(1, "", True)], Transcript(2, "yes", True))


@pytest.mark.parametrize(
    ("code", "expected"),
    [(16, ("refused", False)), (8, ("limited", True)), (13, ("internal", True)), (4, ("stalled", True))],
)
async def test_the_vendors_codes_have_our_reasons(code: int, expected: tuple[str, bool]) -> None:
    async with (
        InworldSttServer() as server,
        InworldStt(access_to(server.url), "inworld/inworld-stt-1").open(None, None) as hearing,
    ):
        await until(lambda: bool(server.talks))
        for talk in server.talks:
            talk.say({"error": {"code": code, "message": "It is wrong.", "details": []}})
        with pytest.raises(ProviderError) as raised:
            await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == expected
