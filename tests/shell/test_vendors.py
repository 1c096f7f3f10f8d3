"""The providers behind the names: what the table lists can be made, and naming somebody starts nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.audio import Narrow
from pipeline.providers import Message, Prompt, Reached, TextDelta
from pipeline.providers.embedded_tts import DEFAULT_VOICE, SILENCE_LEVELS
from pipeline.providers.openai_chat import OpenAIChat, OpenAIServer
from pipeline.realtime.config import Audio, AudioOutput, SessionConfig
from telephony.bench.vendor_servers.elevenlabs_server import ElevenLabsServer
from telephony.bench.vendor_servers.openai_llm import ChatServer, words
from telephony.makers import LANGUAGE_MODELS, RECOGNISERS, VOICES
from telephony.provider_table import OWN, ProviderTable
from telephony.settings import ProviderSettings, Settings
from telephony.vendor_table import PROTOCOLS, Vendor
from telephony.vendors import Vendors
from tests.drive.models import model
from tests.drive.voices import AT_ONCE

HELLO = Prompt("", (Message("user", "Hello."),))


@asynccontextmanager
async def the_vendors(settings: Settings, *agents: SessionConfig) -> AsyncIterator[Vendors]:
    named = {str(number): agent for number, agent in enumerate(agents)}
    async with Vendors(settings, named, {}) as vendors:
        yield vendors


def vendors_settings(url: str, llm: str | tuple[str, ...] = "openai/m") -> Settings:
    models = model("silero_vad.onnx").parent
    providers = ProviderSettings(llm=llm, models_dir=models, recogniser_processes=1)
    return Settings(providers=providers, vendors={"openai": Vendor(base_url=url)})


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_the_voices_of_the_table_are_those_that_speak() -> None:
    (embedded,) = OWN["tts"]

    assert (set(embedded.voices), embedded.voices[0]) == (set(SILENCE_LEVELS), DEFAULT_VOICE)


async def test_two_models_of_one_server_are_asked_over_one_connection() -> None:
    async with (
        ChatServer([words("One."), words("Two.")]) as server,
        the_vendors(vendors_settings(server.url)) as vendors,
    ):
        said = []
        for name in ("openai/small", ""):
            async with aclosing(vendors.cascade(SessionConfig(model=name)).language_model.reply(HELLO)) as reply:  # type: ignore[type-var]
                said += [delta async for delta in reply if isinstance(delta, TextDelta)]

        assert said == [TextDelta("One."), TextDelta("Two.")]
        assert ([asked["model"] for asked in server.requests], server.connections) == (["small", "m"], 1)


async def test_a_narrow_band_line_is_spoken_to_in_mu_law_by_those_who_give_it_over_a_socket_that_waits() -> None:
    async with ElevenLabsServer(AT_ONCE) as server:
        settings = vendors_settings("http://127.0.0.1:9/v1")
        vendor = Vendor(base_url=server.url, tts="elevenlabs", voice="anna")
        settings = replace(settings, vendors={**settings.vendors, "hall": vendor})
        agent = SessionConfig(audio=Audio(output=AudioOutput(model="hall/flash", voice="bert")))
        async with the_vendors(settings) as vendors:
            given = []
            for narrow in (True, False):
                cascade = vendors.cascade(agent, narrow=narrow)
                for warm in cascade.warm:
                    await warm()
                given.append([type(piece) async for piece in cascade.text_to_speech.speak("Yes.", "bert", 1.0)])

        assert [set(types) - {Reached} for types in given] == [{Narrow}, {bytes}]
        assert [path.split("output_format=")[1].partition("&")[0] for path, _ in server.requests] == [
            "ulaw_8000",
            "pcm_24000",
        ]


class _TornServer(OpenAIServer):
    """Its connections break at being closed."""

    async def close(self) -> None:
        await super().close()
        raise BrokenPipeError


async def _connected_and_closed(settings: Settings) -> None:
    async with the_vendors(settings) as vendors:
        for model in vendors.language_models(SessionConfig()).values():
            assert isinstance(model, OpenAIChat)
            await model.warm()


async def test_a_connection_that_breaks_at_being_closed_leaves_no_other_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.vendors.LANGUAGE_MODELS", {"openai": _TornServer})
    async with ChatServer() as first, ChatServer() as second:
        settings = vendors_settings(first.url, ("openai/m", "ollama/n"))
        settings = replace(settings, vendors={**settings.vendors, "ollama": Vendor(base_url=second.url)})

        with pytest.raises(BrokenPipeError):
            await _connected_and_closed(settings)

        async with asyncio.timeout(5):
            await first.client_gone.wait()
            await second.client_gone.wait()


async def test_as_many_processes_listen_as_the_settings_say_and_none_is_left() -> None:
    before = children()
    async with the_vendors(vendors_settings("http://127.0.0.1:9/v1")):
        during = children() - before

    assert (len(during), children() - before) == (1, set())


async def test_who_stands_in_for_a_name_of_openais_is_told_in_the_log() -> None:
    asked = SessionConfig(model="gpt-realtime", audio=Audio(output=AudioOutput(model="tts-1-hd")))
    async with the_vendors(vendors_settings("http://127.0.0.1:9/v1")) as vendors:
        with capture_logs() as logs:
            vendors.settled(asked, SessionConfig())

    assert [(each["event"], each["asked"], each["by"]) for each in logs] == [
        ("stood_in_for", "gpt-realtime", "openai/m"),
        ("stood_in_for", "tts-1-hd", "embedded"),
    ]


async def test_every_name_that_the_check_lets_pass_can_be_made_and_no_other() -> None:
    names = ["openai/m", "openai/", "scripted/none", "gpt-4o", "gpt-realtime", ""]
    settings = vendors_settings("http://127.0.0.1:9/v1")
    table = ProviderTable(settings.providers, known=settings.known)
    async with the_vendors(settings) as vendors:
        for name in names:
            config = SessionConfig(model=name)
            assert (vendors.problem(config) is None) == (list(table.unknown(config)) == []), name
            if vendors.problem(config) is None:
                vendors.cascade(config)


def test_every_protocol_that_can_be_named_can_be_made_and_no_other() -> None:
    made = {"stt": set(RECOGNISERS), "llm": set(LANGUAGE_MODELS), "tts": set(VOICES)}

    assert made == {layer: set(protocols) for layer, protocols in PROTOCOLS.items()}


async def test_those_who_may_think_come_in_the_order_in_which_they_are_tried() -> None:
    settings = vendors_settings("http://127.0.0.1:9/v1", ("openai/m", "ollama/n", "scripted/none"))
    async with the_vendors(settings) as vendors:
        chosen = [list(vendors.language_models(SessionConfig(model=model))) for model in ("", "ollama/n", "xyz/n")]

    assert chosen == [["openai/m", "ollama/n"], ["ollama/n", "openai/m"], []]
