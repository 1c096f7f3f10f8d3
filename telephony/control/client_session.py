"""A Realtime session of one WebSocket client: a worker whose line is the socket. Rule: events are dealt with in order.

An event of the client waits until all audio before it has been heard; what it changes holds for all audio behind it.
"""

import asyncio
import secrets
import time
from typing import Final

import msgspec
import structlog
from starlette.types import Receive
from structlog.contextvars import bound_contextvars

from pipeline.ahead import Spent
from pipeline.manners import Manners
from pipeline.observe import Counters
from pipeline.realtime.client import ClearAudio, ClientEvent, Refusal, refusal
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import (
    OutputAudioDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionCreated,
)
from pipeline.realtime.ours import OurEvent
from pipeline.session import Session
from pipeline.signals import CallAct, Elapsed, EndCall, Play, Setting, ShowItem, TimeIsUp
from pipeline.sounding import Judged
from pipeline.worker import Cascade, Outlets, Worker
from telephony.control.audio_memory import AudioMemory
from telephony.control.client_audio import AgentVoice, shown
from telephony.control.client_frames import Appended, decoded, event_of
from telephony.control.client_line import Beat, ClientLine
from telephony.control.outbox import NORMAL, OUR_FAULT, Outbox
from telephony.lineup import Engaged, Lineup
from telephony.tally import tally, tally_judged, tally_spent

log = structlog.get_logger()

TICK_MS: Final = 100
ENCODER: Final = msgspec.json.Encoder()
AS_ASKED: Final = Manners(speculation=0.0)


class ClientSession:
    """One client's session, from the accepted upgrade to the end of the connection."""

    def __init__(
        self,
        config: SessionConfig,
        lineup: Lineup,
        outbox: Outbox,
        beat: Beat,
        counters: Counters,
        *,
        longest_s: int,
        with_ours: bool = False,
    ) -> None:
        """`with_ours`: the client has asked for the events that are ours alone."""
        self._outbox = outbox
        self._counters = counters
        self._with_ours = with_ours
        self._longest_s = longest_s
        self._config = config = lineup.named(config)
        self._memory = AudioMemory()
        self._voice = AgentVoice(config.audio.output.format, new_id)
        self._line = ClientLine(
            config.audio.input.format, beat, now_ms=now_ms, behind=lambda: outbox.behind, keep=self._memory.caller_said
        )
        self._engaged = Engaged(lineup, config, lineup.cascade(config))
        self._engaged.scored_by(self._line.scored_by(self._engaged.cascade.voice_activity))
        until = int(time.time()) + longest_s
        setting = Setting(client_plays=True, naming=lineup.settled, expires_at=until, manners=AS_ASKED)
        session = Session(config, new_id, setting=setting)
        self._session_id = next(each.session.id for each in session.opened() if isinstance(each, SessionCreated))
        self._worker = Worker(
            session,
            self._engaged.cascade,
            self._line,
            Outlets(self.observe, self._control, self._play, self._show, self._configured, self._spent, self._judged),
            now_ms=now_ms,
            ids=new_id,
        )
        self._line.on_audio(self._worker.wake)
        outbox.when_drained(self._line.stir)

    async def run(self, receive: Receive) -> None:
        """Serve the client until either side ends the connection."""
        with bound_contextvars(session_id=self._session_id):
            log.info("session_opened", type=self._config.type, model=self._config.model)
            await self._serve(receive)
            farewell = self._outbox.farewell
            log.info("session_closed", why=farewell.reason if farewell else "the client left")

    async def _serve(self, receive: Receive) -> None:
        sending = asyncio.create_task(self._outbox.run())
        working = asyncio.create_task(self._worker.run())
        work = {sending, working, *map(asyncio.create_task, (self._read(receive), self._watch_the_clock()))}
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            faults = [fault for task in done if (fault := task.exception()) is not None]
            if faults:
                log.error("session_failed", exc_info=faults[0], remedy="this is a fault of the service: report it")
                self._outbox.close(OUR_FAULT, "internal error")
                await sending
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    def observe(self, event: ServerEvent) -> None:
        """Tell the client; what is ours alone only if it has asked for that."""
        tally(self._counters, event)
        match event:
            case _ if isinstance(event, OurEvent) and not self._with_ours:
                return
            case OutputAudioDone():
                for part in self._voice.ended(event):
                    self._outbox.post(ENCODER.encode(part))
                return
            case ResponseCreated(response=response):
                self._voice.begun(response)
            case ResponseDone(response=response):
                self._voice.done(response.id)
            case _:
                pass
        self._outbox.post(ENCODER.encode(event))

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            event = event_of(message)
            if isinstance(event, Appended):
                await self._append(event)
            else:
                await self._line.caught_up()
                if isinstance(event, ClearAudio):
                    self._line.forget()
                await self._dealt_with(event)

    async def _append(self, event: Appended) -> None:
        slices = await decoded(event.parts)
        if slices is None:
            message = "Invalid value: 'audio' is not base64."
            await self._line.caught_up()
            await self._dealt_with(refusal("invalid_value", message, param="audio", event_id=event.event_id))
            return
        for raw in slices:
            self._line.take(raw)
            if len(slices) > 1:
                await self._line.caught_up()

    async def _dealt_with(self, event: ClientEvent | Refusal) -> None:
        """The session has taken the event, and all that came of it is on its way."""
        taken = asyncio.get_running_loop().create_future()

        def answered(private: list[ServerEvent]) -> None:
            for each in private:
                self.observe(each)
            if not taken.done():
                taken.set_result(None)

        self._worker.ask(event, answered)
        await taken

    async def _watch_the_clock(self) -> None:
        loop = asyncio.get_running_loop()
        begun_s = last_s = loop.time()
        while last_s - begun_s < self._longest_s:
            await asyncio.sleep(TICK_MS / 1_000)
            now_s = loop.time()
            self._worker.post(Elapsed(round((now_s - last_s) * 1_000), self._line.played_ms))
            last_s = now_s
        self._worker.post(TimeIsUp())
        await loop.create_future()

    def _control(self, asked: CallAct) -> None:
        if isinstance(asked, EndCall):
            self._outbox.close(NORMAL, asked.reason)

    def _play(self, play: Play) -> None:
        pcm = play.speech
        assert isinstance(pcm, bytes), "voices were chosen for a narrow-band line"
        self._line.play(pcm)
        self._memory.agent_said(play.response_id, pcm)
        for delta in self._voice.deltas(play, pcm):
            self._outbox.post(ENCODER.encode(delta))

    def _show(self, asked: ShowItem) -> ServerEvent:
        audio = self._config.audio
        return shown(asked, self._memory, audio.input.format, audio.output.format)

    def _spent(self, spent: Spent) -> None:
        tally_spent(self._counters, spent)

    def _judged(self, judged: Judged) -> None:
        tally_judged(self._counters, judged)

    def _configured(self, config: SessionConfig) -> Cascade:
        """Formats hold from now on, providers from the next turn."""
        before, self._config = self._config.audio, config
        if config.audio.input.format != before.input.format:
            self._line.configure(config.audio.input.format)
        self._voice.wire = config.audio.output.format
        return self._engaged.follow(config)


def new_id(kind: str) -> str:
    """A fresh id."""
    return f"{kind}_{secrets.token_hex(9)}"


def now_ms() -> float:
    """CLOCK_MONOTONIC."""
    return time.monotonic() * 1_000
