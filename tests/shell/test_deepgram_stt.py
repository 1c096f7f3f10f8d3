"""Deepgram's recognisers, beyond what all vendors' keep: their words on the wire, and when they settle what."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment

from pipeline.audio import ulaw_encoded
from pipeline.providers import ProviderError, Transcript, TurnVerdict, deepgram_nova
from pipeline.providers.deepgram_flux import DeepgramFlux
from pipeline.providers.deepgram_nova import DeepgramNova
from pipeline.providers.simulated import Latency
from pipeline.providers.stream import streaming
from pipeline.providers.utterances import Utterances
from telephony.bench.vendor_servers.deepgram_flux_server import DeepgramFluxServer
from telephony.bench.vendor_servers.deepgram_nova_server import DeepgramNovaServer
from tests.drive import speech
from tests.drive.recognisers import QUICK, access_to, heard_until, say, sound, until

pytestmark = pytest.mark.timeout(20)


def the_sdk(port: int) -> AsyncDeepgramClient:
    """The vendor's own client, led to another address."""
    socket, rest = f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}"
    environment = DeepgramClientEnvironment(base=rest, production=socket, agent=socket, agent_rest=rest)
    return AsyncDeepgramClient(api_key="a-key", environment=environment)


def asked_of(server: Any) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(server.requests[0].path).query)


async def test_the_server_for_nova_satisfies_the_vendors_own_client() -> None:
    async with (
        DeepgramNovaServer(["good evening"], QUICK) as server,
        the_sdk(server.port).listen.v1.connect(model="nova-3", encoding="mulaw", sample_rate=8_000) as connection,
    ):
        await connection.send_media(ulaw_encoded(sound(1)))
        await connection.send_finalize()
        partial, final = await connection.recv(), await connection.recv()
        await connection.send_close_stream()
        end = await connection.recv()

    heard = [result.channel.alternatives[0].transcript for result in (partial, final)]
    assert (heard, final.from_finalize, end.type) == (["good", "good evening"], True, "Metadata")


async def test_nova_is_told_language_and_keyterms_and_asked_as_the_sdk_would() -> None:
    async with (
        DeepgramNovaServer() as server,
        DeepgramNova(access_to(server.url), "nova-3").open("de-CH", "Grüezi\n\ntable for four\nGrüezi"),
        the_sdk(server.port).listen.v1.connect(
            model="nova-3",
            encoding="mulaw",
            sample_rate=8_000,
            channels=1,
            interim_results="true",
            punctuate="true",
            endpointing="false",
            language="de-CH",
            keyterm=["Grüezi", "table for four"],
        ),
    ):
        ours, theirs = server.requests

        assert sorted(parse_qsl(urlsplit(ours.path).query)) == sorted(parse_qsl(urlsplit(theirs.path).query))
        assert ours.headers["Authorization"] == theirs.headers["Authorization"] == "Token a-key"


async def test_older_models_know_keywords_instead() -> None:
    async with (
        DeepgramNovaServer() as server,
        DeepgramNova(access_to(server.url), "nova-2-phonecall").open(None, "refund"),
    ):
        asked = asked_of(server)

    assert ("keywords", "refund") in asked
    assert not [name for name, _ in asked if name in ("keyterm", "language")]


async def test_the_segments_of_an_utterance_are_joined() -> None:
    async with (
        DeepgramNovaServer(["I would like a table. | For four. | Please."], QUICK) as server,
        DeepgramNova(access_to(server.url), "nova-3").open("en", None) as hearing,
    ):
        say(hearing, 1, sound(1, 3_000))

        assert (await heard_until(hearing, 1))[-1] == Transcript(1, "I would like a table. For four. Please.", True)


async def test_a_quiet_line_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepgram_nova._Nova, "etiquette", replace(deepgram_nova._Nova.etiquette, keep_alive_s=0.02))
    async with DeepgramNovaServer() as server, DeepgramNova(access_to(server.url), "nova-3").open("en", None):
        await until(lambda: len(server.messages) > 1)

        assert server.messages[:2] == [{"type": "KeepAlive"}] * 2


async def test_what_comes_too_late_is_not_given_to_the_next_utterance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepgram_nova._Nova, "etiquette", replace(deepgram_nova._Nova.etiquette, silent_s=0.05))
    async with (
        DeepgramNovaServer(["no", "yes"], Latency(final_ms=200)) as server,
        DeepgramNova(access_to(server.url), "nova-3").open("en", None) as hearing,
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


async def test_the_server_for_flux_satisfies_the_vendors_own_client() -> None:
    async with (
        DeepgramFluxServer(["good evening"], QUICK) as server,
        the_sdk(server.port).listen.v2.connect(
            model="flux-general-en", encoding="mulaw", sample_rate=8_000
        ) as connection,
    ):
        connected = await connection.recv()
        await connection.send_media(ulaw_encoded(sound(1)))
        begun = await connection.recv()
        await connection.send_force_end_turn()
        ended = await connection.recv()
        await connection.send_close_stream()

    assert (connected.type, begun.event, begun.transcript) == ("Connected", "StartOfTurn", "good")
    assert (ended.event, ended.transcript, ended.trigger) == ("EndOfTurn", "good evening", "manual")


async def test_flux_is_asked_as_the_sdk_would() -> None:
    async with (
        DeepgramFluxServer() as server,
        DeepgramFlux(access_to(server.url), "flux-general-multi").open("de-CH", "Grüezi\nRösti"),
        the_sdk(server.port).listen.v2.connect(
            model="flux-general-multi",
            encoding="mulaw",
            sample_rate=8_000,
            eager_eot_threshold=0.5,
            eot_threshold=0.7,
            eot_timeout_ms=5_000,
            language_hint=["de"],
            keyterm=["Grüezi", "Rösti"],
        ),
    ):
        ours, theirs = server.requests

        assert sorted(parse_qsl(urlsplit(ours.path).query)) == sorted(parse_qsl(urlsplit(theirs.path).query))
        assert ours.headers["Authorization"] == theirs.headers["Authorization"]


def test_a_language_that_flux_does_not_speak_is_refused() -> None:
    with pytest.raises(ProviderError) as raised:
        DeepgramFlux(access_to("http://127.0.0.1:9"), "flux-general-en").open("fr", None)

    assert (raised.value.reason, raised.value.retryable) == ("refused", False)


async def test_flux_judges_the_turn_and_its_final_is_there_at_once_when_the_call_agrees() -> None:
    async with (
        DeepgramFluxServer([""], Latency(final_ms=60_000)) as server,
        DeepgramFlux(access_to(server.url), "flux-general-en").open("en", None) as hearing,
    ):
        hearing.begin(1)
        for frame in speech.frames(sound(1, 480)):
            hearing.feed(frame)
        await until(lambda: any(talk.samples == 3_840 for talk in server.talks))
        server.tell("StartOfTurn", "on friday")
        server.tell("EagerEndOfTurn", "on friday")
        server.tell("TurnResumed", "on friday at")
        server.tell("EagerEndOfTurn", "on friday at eight")
        server.tell("EndOfTurn", "on friday at eight")
        transcripts = hearing.transcripts()
        news = [await anext(transcripts) for _ in range(7)]
        hearing.end(1)

        assert news == [
            Transcript(1, "on friday", final=False),
            TurnVerdict(1, "maybe_over"),
            Transcript(1, "on friday at", final=False),
            TurnVerdict(1, "goes_on"),
            Transcript(1, "on friday at eight", final=False),
            TurnVerdict(1, "maybe_over"),
            TurnVerdict(1, "over"),
        ]
        assert await anext(transcripts) == Transcript(1, "on friday at eight", final=True)


async def test_a_caller_who_goes_on_after_his_turn_is_heard_in_the_same_utterance() -> None:
    async with (
        DeepgramFluxServer([""], QUICK) as server,
        DeepgramFlux(access_to(server.url), "flux-general-en").open("en", None) as hearing,
    ):
        hearing.begin(1)
        for frame in speech.frames(sound(1, 480)):
            hearing.feed(frame)
        await until(lambda: any(talk.samples == 3_840 for talk in server.talks))
        server.tell("StartOfTurn", "hello")
        server.tell("EndOfTurn", "hello")
        server.tell("StartOfTurn", "is anybody")
        server.tell("EndOfTurn", "is anybody there")
        transcripts = hearing.transcripts()
        news = [await anext(transcripts) for _ in range(6)]
        hearing.end(1)

        verdicts = [one.verdict for one in news if isinstance(one, TurnVerdict)]
        assert (verdicts, await anext(transcripts)) == (
            ["over", "goes_on", "over"],
            Transcript(1, "hello is anybody there", final=True),
        )


async def test_flux_gives_up_with_our_reason() -> None:
    async with (
        DeepgramFluxServer() as server,
        DeepgramFlux(access_to(server.url), "flux-general-en").open("en", None) as hearing,
    ):
        await until(lambda: bool(server.talks))
        for talk in server.talks:
            talk.say({"type": "Error", "sequence_id": 3, "code": "INTERNAL_SERVER_ERROR", "description": "Sorry."})
        with pytest.raises(ProviderError) as raised:
            await heard_until(hearing, 1)

    assert (raised.value.reason, raised.value.retryable) == ("internal", True)


class Faulty(deepgram_nova._Nova):
    """A wording with a fault of ours."""

    def take(self, message: dict[str, Any], utterances: Utterances) -> None:
        raise ZeroDivisionError


async def test_a_fault_of_ours_is_raised_to_whoever_listens() -> None:
    async with DeepgramNovaServer(["a table for four"]) as server:
        url = f"ws://127.0.0.1:{server.port}/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000"
        async with streaming(access_to(server.url), url, {}, Faulty()) as hearing:
            say(hearing, 1, speech.silence(1_000))
            with pytest.raises(ZeroDivisionError):
                await heard_until(hearing, 1)
