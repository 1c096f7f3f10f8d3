"""One simulated application with a microphone: speaks, listens, sometimes barges in. Rule: figures are its own.

It sends 20 ms of PCM16 at 24 kHz every 20 ms, silence when it has nothing to say, and plays what it is sent at once and
in real time, as an application on a headset would. Voice to voice runs from the last frame of its speech, as it is
sent, to the first audio of the answer, as it arrives. A barge-in's stop runs from the first frame of its speech to
`input_audio_buffer.speech_started`, on which an application stops playing and says how far it had come.
"""

import asyncio
import base64
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pipeline.audio import FRAME_MS, WIDE_HZ, bytes_of, frames_of
from telephony.bench.conversation import ANSWER_TIMEOUT_S, BARGE_IN_AFTER_MS, BARGE_IN_SHARE, PAUSES_MS, Findings
from telephony.wire.speech import trimmed

FRAME_BYTES = bytes_of(FRAME_MS, WIDE_HZ)
BYTES_PER_MS = bytes_of(1, WIDE_HZ)

Line = tuple[str, ...]
"""One thing to say as events, 20 ms each."""


def line_of(pcm: bytes) -> Line:
    """A line from PCM16 at 24 kHz: it begins and ends audible, but for the silence that fills its first frame."""
    audible = trimmed(pcm)
    whole = bytes(-len(audible) % FRAME_BYTES) + audible
    return tuple(_append(frame) for frame in frames_of(whole, FRAME_BYTES))


def _append(frame: bytes) -> str:
    event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(frame).decode()}
    return msgspec.json.encode(event).decode()


SILENCE = _append(bytes(FRAME_BYTES))


class _Event(msgspec.Struct):
    type: str
    item_id: str = ""
    delta: str = ""


@dataclass(slots=True)
class _Heard:
    """The answer under way: when it began, how long it is so far, and when the last barge-in was noticed."""

    item_id: str = ""
    first_ms: float = 0.0
    audio_ms: float = 0.0
    started_ms: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Client:
    """One session's application."""

    def __init__(self, url: str, lines: Sequence[Line], seed: int, findings: Findings) -> None:
        self._url = url
        self._lines = lines
        self._chance = random.Random(seed)
        self._turns = seed
        self._findings = findings
        self._saying: list[str] = []
        self._said = asyncio.Event()
        self._said_ms = 0.0
        self._heard = _Heard()
        self._decode = msgspec.json.Decoder(_Event).decode
        self.late_ms = 0.0
        self.up = asyncio.Event()

    async def hold(self) -> None:
        """Talk until cancelled or cut off."""
        with suppress(ConnectionClosed):
            async with connect(self._url, compression=None, max_size=None, proxy=None) as socket:
                self.up.set()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._speak(socket))
                    tasks.create_task(self._listen(socket))
                    tasks.create_task(self._converse())

    async def _speak(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            self.late_ms = max(self.late_ms, (loop.time() - due_s) * 1_000)
            await socket.send(self._saying.pop() if self._saying else SILENCE)
            if not self._saying and not self._said.is_set():
                self._said_ms = _now_ms()
                self._said.set()
            due_s += FRAME_MS / 1_000
            await asyncio.sleep(due_s - loop.time())

    async def _listen(self, socket: ClientConnection) -> None:
        async for message in socket:
            event = self._decode(message)
            match event.type:
                case "response.output_audio.delta":
                    self._took(event)
                case "input_audio_buffer.speech_started":
                    await self._yield(socket)
                case "error":
                    self._findings.unanswered += 1

    def _took(self, event: _Event) -> None:
        heard = self._heard
        if event.item_id != heard.item_id:
            heard.item_id, heard.first_ms, heard.audio_ms = event.item_id, _now_ms(), 0.0
        heard.audio_ms += len(event.delta) * 3 / 4 / BYTES_PER_MS
        heard.news.set()

    async def _yield(self, socket: ClientConnection) -> None:
        heard = self._heard
        heard.started_ms = _now_ms()
        heard.news.set()
        played_ms = round(min(heard.started_ms - heard.first_ms, heard.audio_ms))
        if heard.item_id and played_ms < heard.audio_ms:
            heard.audio_ms = played_ms
            truncate = {"type": "conversation.item.truncate", "item_id": heard.item_id, "content_index": 0}
            await socket.send(msgspec.json.encode(truncate | {"audio_end_ms": played_ms}).decode())

    async def _converse(self) -> None:
        await asyncio.sleep(self._chance.uniform(*PAUSES_MS) / 1_000)
        while True:
            answered = await self._ask()
            if answered and self._chance.random() < BARGE_IN_SHARE:
                await asyncio.sleep(self._chance.uniform(*BARGE_IN_AFTER_MS) / 1_000)
                await self._interrupt()
            await self._heard_out()
            await asyncio.sleep(self._chance.uniform(*PAUSES_MS) / 1_000)

    async def _ask(self) -> bool:
        """Say something and note how long the answer took."""
        before = self._heard.item_id
        self._say()
        await self._said.wait()
        if self._heard.item_id != before:
            self._findings.talked_over += 1
            return True
        if not await self._within(lambda: self._heard.item_id != before):
            self._findings.unanswered += 1
            return False
        self._findings.voice_to_voice_ms.append(self._heard.first_ms - self._said_ms)
        return True

    async def _interrupt(self) -> None:
        """Say something while the answer plays; note when the agent noticed, and when it answered."""
        begun_ms = _now_ms()
        playing = begun_ms < self._heard.first_ms + self._heard.audio_ms
        await self._ask()
        if playing and self._heard.started_ms >= begun_ms:
            self._findings.barge_in_stop_ms.append(self._heard.started_ms - begun_ms)
        elif playing:
            self._findings.not_yielded += 1

    async def _heard_out(self) -> None:
        """All of the answer, as far as it is here, has been played; what is made is here long before."""
        left_ms = self._heard.first_ms + self._heard.audio_ms - _now_ms()
        if left_ms > 0:
            await asyncio.sleep(left_ms / 1_000)
            await self._heard_out()

    def _say(self) -> None:
        self._turns += 1
        self._saying = list(reversed(self._lines[self._turns % len(self._lines)]))
        self._said.clear()

    async def _within(self, happened: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                while not happened():
                    self._heard.news.clear()
                    await self._heard.news.wait()
        except TimeoutError:
            return False
        return True


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1_000
