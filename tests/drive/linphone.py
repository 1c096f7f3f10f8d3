"""Linphone's console: a WAV file is its microphone, another what it hears. Rule: it is told what a person would type.

It wants a terminal, records only while it plays, and plays its file again and again: so silence follows what is said.
"""

import asyncio
import contextlib
import os
import pty
import re
import termios
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.drive.line_out import read_wav, write_wav
from tests.drive.patience import until
from tests.drive.speech import narrow, silence

START_WITHIN_S = 20.0
CALL = r"assigned id (\d+)"
PAD_MS = 90_000
VOICE = "kal16"
CONFIGURATION = """
[sip]
sip_port={udp}
sip_tcp_port=0
sip_tls_port={tls}
bind_address=127.0.0.1
contact="Phone" <sip:{number}@127.0.0.1>
default_proxy=0
register_only_when_network_is_up=0
auto_net_state_mon=0
use_info={info}
use_rfc2833={events}
media_encryption={encryption}
media_encryption_mandatory={encrypted}
verify_server_certs=0
verify_server_cn=0
ping_with_options=0
keepalive_period=0
[net]
mtu=0
[rtp]
audio_rtp_port={rtp}
bind_address=127.0.0.1
nortp_timeout=120
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
automatically_initiate=0
automatically_accept=0
[storage]
uri=null
[auth_info_0]
username={number}
passwd={password}
realm={realm}
[proxy_0]
reg_proxy=<sip:{server}>
reg_route=<sip:{server};lr>
reg_identity="Phone" <sip:{number}@127.0.0.1>
reg_expires=60
reg_sendregister=1
publish=0
quality_reporting_enabled=0
"""


@dataclass(frozen=True)
class Registrar:
    """Where a telephone registers; `{}` in the password stands for its number."""

    address: str
    realm: str = "asterisk"
    password: str = "change-{}"


ASTERISK = Registrar("127.0.0.1:5060")


class NoCallError(Exception):
    """What was wished of a call did not come; the message is Linphone's."""


class Linphone:
    """One telephone with one number."""

    def __init__(self, number: str, folder: Path) -> None:
        self.number = number
        self.lines: list[str] = []
        self._folder = folder
        self._recordings = 0
        self._said = 0
        self._part = ""
        self._news = asyncio.Event()

    async def open(
        self, server: Registrar, *, port: int, secure: bool = False, keys: str = "rfc4733", direct: bool = False
    ) -> None:
        """Start and register; `port` is for SIP, and the port 1000 above it for RTP.

        Its calls go by the registrar; a `direct` one has none, and they go where their addresses say.
        """
        self._folder.mkdir()
        settings = CONFIGURATION.format(
            number=self.number, password=server.password.format(self.number), realm=server.realm, rtp=port + 1_000,
            server=f"{server.address};transport=tls" if secure else server.address,
            udp=0 if secure else port, tls=port if secure else 0,
            encryption="srtp" if secure else "none", encrypted=int(secure),
            info=int(keys == "info"), events=int(keys == "rfc4733"),
        )  # fmt: skip
        (self._folder / "rc").write_text(settings.partition("[auth_info_0]")[0] if direct else settings)
        await self._start()
        async with asyncio.timeout(START_WITHIN_S):
            while "linphonec>" not in self._part:
                await self._more()
            await self.ask("soundcard use files", r"Using wav files|files")
            self._listen_anew()
            self.plays(silence(1_000))
            await self._choose_codecs()
        if not direct:
            await self.registered()

    async def registered(self) -> None:
        """Wait until the registrar knows it."""

        def is_so() -> bool:
            self._type("status register")
            return any(line.startswith("registered, identity") for line in self.lines[since:])

        since = len(self.lines)
        await until(is_so, lambda: f"{self.number} is not registered: {self.lines[since:]}", START_WITHIN_S)

    async def dial(self, target: str) -> str:
        """Call; returns the call's number at once."""
        self._listen_anew()
        self.plays(silence(1_000))
        return _call_in(await self.ask(f"call {target}", CALL))

    async def call(self, target: str) -> str:
        """Call, and wait for the answer."""
        since = len(self.lines)
        call = await self.dial(target)
        await self.talking(call, since)
        return call

    async def talking(self, call: str, since: int = 0) -> None:
        """Wait until audio flows in this call."""
        line = await self.line(
            rf"Media streams established with .* for call {call} |Call {call} with .* (ended|error)", since
        )
        if not line.startswith("Media"):
            raise NoCallError(line)

    async def rings(self, since: int = 0) -> str:
        """Wait for a call; its number."""
        return _call_in(await self.line(rf"Receiving new incoming call from .*{CALL}", since))

    async def answer(self, call: str) -> None:
        """Take a call that rings."""
        await self.ask(f"answer {call}", rf"Media streams established with .* for call {call} ")

    async def over(self, call: str, since: int = 0) -> str:
        """Wait for the end of a call; Linphone's words for it."""
        return await self.line(rf"Call {call} with .* (?:ended|error)", since)

    async def hang_up(self, call: str) -> None:
        """End a call, or decline one that rings."""
        await self.ask(f"terminate {call}", rf"Call {call} with .* ended|No active call")

    async def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self._type(key)
            await asyncio.sleep(1.0)  # as long as it takes linphonec to send one

    async def hold(self, call: str) -> None:
        """Make the far end wait. What was said last would be said again at the resumption."""
        self.plays(silence(1_000))
        await self.ask(f"pause {call}", rf"Call {call} with .* is now paused")

    async def resume(self, call: str) -> None:
        """Go on with it."""
        known = len(self.heard())
        await self.ask(f"resume {call}", rf"Media streams established with .* for call {call} ")
        await until(lambda: len(self.heard()) > known, lambda: f"{self.number} hears nothing after hold")

    async def transfer(self, call: str, target: str) -> None:
        """Put a call through to a number, or `--to-call N` to the other end of another call."""
        await self.ask(f"transfer {call} {target}", rf"Call {call} with .* ended")

    def say(self, text: str) -> None:
        """Speak into the microphone from now on."""
        self.plays(narrow(text, VOICE))

    def plays(self, pcm: bytes) -> None:
        """Let the microphone hear this, and then nothing: PCM16 at 8 kHz."""
        self._said += 1
        path = self._folder / f"said-{self._said}.wav"
        write_wav(path, pcm + silence(PAD_MS))
        self._type(f"play {path}")

    def heard(self) -> bytes:
        """What it has heard in the newest call so far: PCM16 at 8 kHz."""
        path = self._folder / f"heard-{self._recordings}.wav"
        return read_wav(path) if path.exists() else b""

    async def ask(self, typed: str, answer: str) -> str:
        """Type a command and wait for a line like that."""
        since = len(self.lines)
        self._type(typed)
        return await self.line(answer, since)

    async def line(self, like: str, since: int = 0) -> str:
        """The first line like that since then."""
        while True:
            found = next((line for line in self.lines[since:] if re.search(like, line)), None)
            if found is not None:
                return found
            await self._more()

    async def close(self) -> None:
        """Quit."""
        if self._process.returncode is None:
            self._type("quit")
            try:
                async with asyncio.timeout(5):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._terminal)
        os.close(self._terminal)

    async def _start(self) -> None:
        self._terminal, ours = pty.openpty()
        mode = termios.tcgetattr(ours)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(ours, termios.TCSANOW, mode)
        home = self._folder / "home"
        (home / ".local" / "share" / "linphone").mkdir(parents=True)
        environ = dict(os.environ, HOME=str(home), TERM="dumb", LC_ALL="C", COLUMNS="400")
        command = ("linphonec", "-c", str(self._folder / "rc"), "-d", "6", "-l", str(self._folder / "log"))
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=ours, stdout=ours, stderr=ours, env=environ, cwd=self._folder, start_new_session=True
        )
        os.close(ours)
        asyncio.get_running_loop().add_reader(self._terminal, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            text = os.read(self._terminal, 4_096).decode(errors="replace").replace("\r", "")
            *whole, self._part = (self._part + text).split("\n")
            self.lines += [line.replace("linphonec> ", "").strip() for line in whole if line.strip()]
            self._news.set()

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _type(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def _listen_anew(self) -> None:
        self._recordings += 1
        self._type(f"record {self._folder / f'heard-{self._recordings}.wav'}")

    async def _choose_codecs(self) -> None:
        await self.ask("codec list", r"^\d+: PCMU")
        await asyncio.sleep(0.3)
        for line in list(self.lines):
            codec = re.match(r"(\d+): (\S+) \(\d+\) (enabled|disabled)", line)
            if codec and (codec[2] in {"PCMU", "PCMA"}) != (codec[3] == "enabled"):
                self._type(f"codec {'disable' if codec[3] == 'enabled' else 'enable'} {codec[1]}")


def _call_in(line: str) -> str:
    found = re.search(CALL, line)
    assert found, line
    return found[1]


@contextlib.asynccontextmanager
async def a_linphone(
    folder: Path, number: str = "6001", server: Registrar = ASTERISK, *, port: int = 5_062, secure: bool = False,
    keys: str = "rfc4733", direct: bool = False,
) -> AsyncIterator[Linphone]:  # fmt: skip
    """A telephone, registered unless its calls go `direct`."""
    phone = Linphone(number, folder / f"linphone-{number}")
    try:
        await phone.open(server, port=port, secure=secure, keys=keys, direct=direct)
        yield phone
    finally:
        await phone.close()
