"""Who hears, thinks and speaks is changed in mid-call. Rule: real recognisers and voices; every word is understood."""

import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec.structs import replace as with_changed

from pipeline.fallback.race import Candidate
from pipeline.naming import Misnamed, Named, as_asked
from pipeline.providers import Hearing
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.realtime.config import SessionConfig
from pipeline.worker import Cascade
from telephony.bench.vendor_servers.openai_llm import ChatServer, words
from telephony.service import Service
from telephony.settings import ProviderSettings, Secret
from telephony.vendor_table import Vendor
from telephony.vendors import Vendors
from tests.drive.offhook import House, a_house, chosen
from tests.drive.realtime import Talk, talking, wide_speech
from tests.drive.speech import gathered
from tests.drive.web import address, sdk

OPEN, GOODBYE = "when do you open", "that is all goodbye"
PHRASES: Final = f"{OPEN}\n{GOODBYE}"
SECOND = {"transcription": {"model": "second", "prompt": PHRASES}}
FIRST = {"transcription": {"model": "embedded", "prompt": None}}


@dataclass
class SecondRecogniser:
    """Another embedded recogniser, with a process of its own; `opened` counts who came to it."""

    engine: EmbeddedSpeechToText = field(default_factory=lambda: EmbeddedSpeechToText(1, [PHRASES]))
    opened: int = 0

    def open(self, config: SessionConfig) -> AbstractAsyncContextManager[Hearing]:
        self.opened += 1
        transcription = config.audio.input.transcription
        return self.engine.open("en", transcription.prompt if transcription else None)


class TwoRecognisers(Vendors):
    """The service's providers, and one that is called `second`."""

    second: SecondRecogniser

    async def __aenter__(self) -> Self:
        self.second = SecondRecogniser()
        await self.second.engine.start()
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self.second.engine.__aexit__(kind, error, trace)

    def cascade(self, agent: SessionConfig, *, narrow: bool = False) -> Cascade:
        cascade = super().cascade(_without_second(agent), narrow=narrow)
        if not _wants_second(agent):
            return cascade
        return replace(cascade, recognisers=[Candidate("second", lambda: self.second.open(agent))])

    def settled(self, asked: SessionConfig, before: SessionConfig) -> Named | Misnamed:
        return as_asked(asked, before) if _wants_second(asked) else super().settled(asked, _without_second(before))


def _wants_second(config: SessionConfig) -> bool:
    transcription = config.audio.input.transcription
    return transcription is not None and transcription.model == "second"


def _without_second(config: SessionConfig) -> SessionConfig:
    transcription = config.audio.input.transcription
    if transcription is None or transcription.model != "second":
        return config
    hears = with_changed(config.audio.input, transcription=with_changed(transcription, model=None))
    return with_changed(config, audio=with_changed(config.audio, input=hears))


class TwoEared(Service):
    """The service with both."""

    def vendors(self) -> TwoRecognisers:
        self.both = TwoRecognisers(self.settings, self.dialplan.agents, self.dialplan.flows)
        return self.both


@contextlib.asynccontextmanager
async def a_swapping_house(tmp_path: Path, answer: str) -> AsyncIterator[House]:
    """Its language model behind `openai/` always says this."""
    async with ChatServer([words(answer)] * 4) as server:
        vendors = {"openai": Vendor(base_url=server.url, api_key=Secret("none"))}
        settings = chosen(tmp_path, providers=ProviderSettings(llm="scripted/desk"), vendors=vendors)
        async with a_house(settings, kind=TwoEared) as house:
            yield house


def second_opened(house: House) -> int:
    assert isinstance(house.service, TwoEared)
    return house.service.both.second.opened


async def heard(talk: Talk) -> str:
    completed = await talk.sees("conversation.item.input_audio_transcription.completed")
    return str(completed.transcript)


def sound_of(talk: Talk, item_id: str) -> bytes:
    deltas = [event for event in talk.events if event.type == "response.output_audio.delta"]
    return b"".join(base64.b64decode(delta.delta) for delta in deltas if delta.item_id == item_id)


async def test_nothing_that_is_said_is_lost_while_recogniser_model_and_voice_change(tmp_path: Path) -> None:
    answer = "We are open."
    async with (
        a_swapping_house(tmp_path, answer) as house,
        sdk(address(house)) as client,
        talking(client, model="scripted/desk") as talk,
    ):
        speech = await wide_speech(OPEN)
        # In the middle of a word, and with the change between two appends: who began to listen hears it out.
        half = len(speech) // 4 * 2
        await talk.send(speech[:half])
        changed = await talk.update(model="openai/any", audio={"input": SECOND, "output": {"voice": "slt"}})
        await talk.send(speech[half:])
        transcripts = [await heard(talk)]
        first = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")
        # The second one is still being opened when this begins.
        await talk.says(GOODBYE)
        transcripts.append(await heard(talk))
        await talk.sees("response.done")
        opened = second_opened(house)
        # Back again, just before somebody speaks.
        await talk.update(model="scripted/desk", audio={"input": FIRST, "output": {"voice": "rms"}})
        await talk.says(OPEN)
        transcripts.append(await heard(talk))
        last = await talk.sees("response.output_audio_transcript.done")
        await talk.sees("response.done")
        expected = [b"".join(await gathered(house.voice.speak(answer, name, 1.0))) for name in ("slt", "rms")]

    assert transcripts == [OPEN, GOODBYE, OPEN]
    assert (changed.model, changed.audio.output.voice, opened) == ("openai/any", "slt", 1)
    assert (first.transcript, last.transcript) == (answer, "At nine in the morning.")
    # The two voices take their own time over it, give or take some milliseconds.
    said, slt, rms = (len(sound) for sound in (sound_of(talk, first.item_id), *expected))
    assert abs(said - slt) < 1_500 < abs(said - rms)


async def test_a_caller_on_the_phone_is_understood_while_they_change(tmp_path: Path) -> None:
    async with a_swapping_house(tmp_path, "We are open.") as house, sdk(address(house)) as client:
        call = await house.dial_and_be_greeted()
        async with talking(client, call_id=(await house.record()).call_id) as talk:
            await call.say(await house.speech(OPEN))
            await talk.sees("input_audio_buffer.speech_started")
            await talk.update(model="openai/any", audio={"input": SECOND, "output": {"voice": "slt"}})
            transcripts = [await heard(talk)]
            said = await talk.sees("response.output_audio_transcript.done")
            await talk.sees("output_audio_buffer.stopped")
            await call.say(await house.speech(GOODBYE))
            transcripts.append(await heard(talk))
        opened = second_opened(house)

    assert transcripts == [OPEN, GOODBYE]
    assert (said.transcript, opened) == ("We are open.", 1)
