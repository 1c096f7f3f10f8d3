"""baresip: a WAV file is its microphone, another what it hears. Rule: it is told by its control socket what to do.

It wants its own address as its interface, ends a call at the end of the microphone's file, and begins a new recording
with each call: so silence follows what is said, and what is heard is the newest recording.
"""

import asyncio
import contextlib
import itertools
import json
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from tests.drive.line_out import NARROW_HZ, read_left, write_wav
from tests.drive.speech import narrow, silence

Sound = Literal["PCMU/8000/1", "G722/16000/1", "opus/48000/2"]

PAD_MS = 60_000
UP_WITHIN_S = 20.0
VOICE = "kal16"
MODULES = sorted(Path("/usr/lib").glob("**/baresip/modules"))
CONFIGURATION = """
poll_method epoll
net_interface 127.0.0.1
sip_listen 127.0.0.1:{port}
call_local_timeout 120
audio_player aubridge,ear{control}
audio_source aufile,{microphone}
audio_alert aubridge,bell{control}
rtp_ports {first}-{last}
module_path {modules}
module g711.so
module g722.so
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path {folder}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""
ACCOUNT = "<sip:{number}@{server}>;auth_user={number};auth_pass=change-{number};regint={every_s};audio_codecs={sound}\n"


class Baresip:
    """One telephone with one number, which offers one codec."""

    def __init__(self, number: str, folder: Path, sound: Sound) -> None:
        self.number = number
        self.events: list[dict[str, Any]] = []
        self._folder = folder
        self._sound: Sound = sound
        self._said = itertools.count(1)
        self._asked = itertools.count(1)
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self, server: str, *, port: int, registers: bool) -> None:
        """`port` is for SIP, those 1000 above it for RTP, and one behind them for control."""
        self._folder.mkdir()
        settings = CONFIGURATION.format(
            port=port, control=port + 2_000, first=port + 1_000, last=port + 1_098, folder=self._folder,
            microphone=self._microphone(silence(0)), modules=MODULES[0],
        )  # fmt: skip
        account = ACCOUNT.format(number=self.number, server=server, every_s=60 * registers, sound=self._sound)
        for name, text in (("config", settings), ("accounts", account), ("contacts", "")):
            (self._folder / name).write_text(text)
        with (self._folder / "out").open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(self._folder), "-s", stdin=DEVNULL, stdout=out, stderr=STDOUT, cwd=self._folder
            )

    async def ready(self, *, port: int, registers: bool) -> None:
        """Wait until it listens, and is registered."""
        async with asyncio.timeout(UP_WITHIN_S):
            self._reader, self._writer = await self._connected(port + 2_000)
            self._reading = asyncio.create_task(self._read())
            while registers and "OK" not in (await self.ask("reginfo"))["data"]:  # noqa: ASYNC110 - it may be so before
                await asyncio.sleep(0.2)

    async def call(self, target: str) -> None:
        """Call, and wait for the answer."""
        since = len(self.events)
        await self.ask("dial", target)
        event = await self.event("CALL_ESTABLISHED", "CALL_CLOSED", since=since)
        assert event["type"] == "CALL_ESTABLISHED", event

    async def hang_up(self) -> None:
        """End the call."""
        since = len(self.events)
        await self.ask("hangup")
        await self.event("CALL_CLOSED", since=since)

    async def say(self, text: str) -> None:
        """Speak into the microphone from now on."""
        await self.ask("ausrc", f"aufile,{self._microphone(narrow(text, VOICE))}")

    def heard(self) -> bytes:
        """What it has heard in the newest call so far: PCM16 at 8 kHz."""
        pcm, rate_hz = self.heard_whole()
        return _rounded(resample_poly(np.frombuffer(pcm, dtype="<i2").astype(np.float64), NARROW_HZ, rate_hz)).tobytes()

    def heard_whole(self) -> tuple[bytes, int]:
        """The same at the codec's own rate."""
        recordings = sorted(self._folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        return read_left(recordings[-1]) if recordings else (b"", NARROW_HZ)

    async def ask(self, command: str, given: str = "") -> dict[str, Any]:
        """Its answer to a command."""
        token = str(next(self._asked))
        words = json.dumps({"command": command, "params": given, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(words), words))
        return await self._until(lambda event: event.get("response") and event.get("token") == token, 0)

    async def event(self, *kinds: str, since: int) -> dict[str, Any]:
        """The first event of one of these kinds since then."""
        return await self._until(lambda event: event.get("type") in kinds, since)

    async def close(self) -> None:
        """Quit."""
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._reading is not None:
            await self._reading
            self._writer.close()

    async def _until(self, is_it: Callable[[dict[str, Any]], Any], since: int) -> dict[str, Any]:
        while True:
            found = next((event for event in self.events[since:] if is_it(event)), None)
            if found is not None:
                return found
            self._news.clear()
            await self._news.wait()

    async def _connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            with contextlib.suppress(ConnectionError):
                return await asyncio.open_connection("127.0.0.1", port)
            assert self._process.returncode is None, (self._folder / "out").read_text(errors="replace")[-2_000:]
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                words = await self._reader.readexactly(length + 1)
                self.events.append(json.loads(words[:-1].decode(errors="replace")))
                self._news.set()

    def _microphone(self, pcm: bytes) -> Path:
        """A file at the codec's rate, which it plays as it is."""
        path = self._folder / f"said-{next(self._said)}.wav"
        _, hz, channels = self._sound.split("/")
        samples = resample_poly(
            np.frombuffer(pcm + silence(PAD_MS), dtype="<i2").astype(np.float64), int(hz), NARROW_HZ
        )
        write_wav(path, np.repeat(_rounded(samples), int(channels)).tobytes(), int(hz), int(channels))
        return path


def _rounded(samples: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples), -32_768, 32_767).astype("<i2")


@contextlib.asynccontextmanager
async def a_baresip(
    folder: Path, sound: Sound = "PCMU/8000/1", number: str = "6002", server: str = "127.0.0.1:5060", *,
    port: int = 5_066, registers: bool = True,
) -> AsyncIterator[Baresip]:  # fmt: skip
    """A telephone, registered unless it calls without."""
    phone = Baresip(number, folder / f"baresip-{sound.partition('/')[0]}", sound)
    await phone.start(server, port=port, registers=registers)
    try:
        await phone.ready(port=port, registers=registers)
        yield phone
    finally:
        await phone.close()
