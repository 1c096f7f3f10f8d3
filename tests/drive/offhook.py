"""The whole service on loopback, and people who call it. Rule: real SIP, RTP, speech and Redis."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis

from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.realtime.events import ServerEvent, TranscriptCompleted
from telephony import settings
from telephony.service import Service
from telephony.settings import ControlSettings, Settings, SipSettings
from telephony.state.connection import connected
from telephony.state.record import CallRecord
from telephony.wire.call import Call
from telephony.wire.phone import Phone
from telephony.wire.speech import Speech
from telephony.wire.voice import spoken_by

E = TypeVar("E")

PATIENCE_S = 20.0
OPEN_PACKETS = 5
LOOPBACK = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=None)
DESK = """
[[route]]
did = "100"
agent = "desk"
allow = ["hang_up", "transfer"]
transfer_targets = { staff = "sip:staff@127.0.0.1" }
[[route]]
did = "603"
reject = 603
[[route]]
did = "1"
agent = "desk"
max_call_s = 1
[agents.desk]
model = "scripted/desk"
[[agents.desk.tools]]
name = "look_up"
[flows.desk]
greeting = "Hello."
start = "open"
otherwise = ["Sorry?"]
[flows.desk.states.open]
[[flows.desk.when]]
says = ["when do you open"]
reply = "At nine in the morning."
[[flows.desk.when]]
says = ["tell me everything"]
reply = "This is a very long story which goes on and on, and it takes its time, and it does not come to an end soon."
[[flows.desk.when]]
says = ["that is all goodbye"]
reply = "Goodbye."
call = { name = "hang_up" }
[[flows.desk.when]]
digits = "0"
reply = "One moment."
call = { name = "transfer", arguments = { target = "staff" }, failed = "Nobody is there." }
[[flows.desk.when]]
digits = "5"
reply = "Let me see."
call = { name = "look_up", done = "Here it is." }
"""


@dataclass
class House:
    """A running service with everything that its calls reported."""

    service: Service
    phone: Phone
    voice: EmbeddedVoice
    seen: asyncio.Queue[tuple[str, ServerEvent]]
    events: list[tuple[str, ServerEvent]] = field(default_factory=list)

    def uri(self, number: str = "100") -> str:
        return f"sip:{number}@127.0.0.1:{self.service.endpoint.port('udp')}"

    async def dial(self, number: str = "100") -> Call:
        return await self.phone.call(self.uri(number))

    async def dial_and_be_greeted(self, number: str = "100") -> Call:
        call = await self.dial(number)
        await silence_after_speech(call)
        return call

    async def speech(self, text: str) -> Speech:
        return await spoken_by(self.voice, "slt", text)

    async def sees(self, kind: type[E], where: Callable[[E], bool] = lambda _: True) -> E:
        """The next event of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                call_id, event = await self.seen.get()
                self.events.append((call_id, event))
                if isinstance(event, kind) and where(event):
                    return event

    async def hears(self, call: Call, text: str) -> str:
        """The caller says this, once the line is open; what the agent understood."""
        await line_open(call)
        await call.say(await self.speech(text))
        return (await self.sees(TranscriptCompleted)).transcript

    async def record(self) -> CallRecord:
        """The newest call as Redis has it."""
        return (await self.records(1))[0]

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Redis]:
        """An application's own connection to the service's Redis."""
        async with connected(self.service.redis_url) as redis:
            yield redis

    def look(self) -> None:
        """Take in what was reported up to now."""
        while not self.seen.empty():
            self.events.append(self.seen.get_nowait())

    def tell(self) -> None:
        """Print all that was reported, for who reads of a test that failed."""
        self.look()
        for call_id, event in self.events:
            sys.stdout.write(f"{call_id} {event}\n")

    def kill_redis(self) -> None:
        """Redis dies without a word; the service starts it again, empty."""
        assert self.service.own_redis is not None
        os.kill(self.service.own_redis.pid, signal.SIGKILL)

    async def records(self, at_least: int) -> list[CallRecord]:
        """The calls as Redis has them, newest first."""
        await self.service.writer.written()
        found = await self.service.store.calls()
        assert len(found) >= at_least
        return found


async def silence_after_speech(call: Call, silent_ms: float = 500) -> None:
    """The agent has said something since the last look, and is quiet."""
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda ear, now_ms: bool(ear.talks) and now_ms - ear.talks[-1].last_ms > silent_ms)


async def line_open(call: Call) -> None:
    """The far end's packets arrive from now on: what is said before may be lost."""
    known = len(call.ear.arrivals_ns)
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda ear, _: len(ear.arrivals_ns) >= known + OPEN_PACKETS)


async def agent_audible(call: Call, ms: float = 0) -> None:
    """The agent has been speaking for so long."""
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda ear, now_ms: ear.speaking(now_ms) and now_ms - ear.talks[-1].first_ms >= ms)


def chosen(tmp_path: Path, dialplan: str = DESK, **changes: object) -> Settings:
    """Settings for a service on loopback with this dialplan; few people call, so one recogniser is enough."""
    path = tmp_path / "dialplan.toml"
    path.write_text(dialplan)
    own: dict[str, object] = {"dialplan": path, "sip": LOOPBACK, "control": ControlSettings(port=0)}
    whole: Settings = replace(settings.read(None, {}), **(own | changes))  # type: ignore[arg-type]
    return replace(whole, providers=replace(whole.providers, recogniser_processes=1))


@contextlib.asynccontextmanager
async def a_house(
    chosen: Settings, watch: Callable[[str, ServerEvent], None] | None = None, kind: type[Service] = Service
) -> AsyncIterator[House]:
    """The service, running, and a phone to call it with."""
    seen: asyncio.Queue[tuple[str, ServerEvent]] = asyncio.Queue()
    watchers = [lambda call_id, event: seen.put_nowait((call_id, event)), *([watch] if watch else [])]
    chosen = replace(chosen, limits=replace(chosen.limits, drain_s=0))
    async with kind(chosen, *watchers) as service, Phone(keep_audio=True) as phone:
        with EmbeddedVoice() as voice:
            house = House(service, phone, voice, seen)
            try:
                yield house
            finally:
                house.tell()
