"""A real phone call that anyone can watch: the service, and a caller in a process of its own. Rule: nothing is staged.

The caller speaks with another voice than the agent, over SIP and RTP on loopback, and all timing is taken from the
packets that it sent and received.
"""

import asyncio
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import msgspec

from pipeline import observe
from pipeline.realtime.events import (
    DtmfReceived,
    ItemTruncated,
    OutputTranscriptDelta,
    PlayoutCleared,
    PlayoutStarted,
    ResponseCreated,
    ServerEvent,
    TranscriptCompleted,
)
from pipeline.realtime.ours import PartialTranscript
from telephony import settings
from telephony.demo_report import DemoReport, Minutes, no_call, report
from telephony.service import Service, contact
from telephony.settings import ControlSettings, LogSettings, Settings, SipSettings
from telephony.wire.script import (
    Answered,
    BargeIn,
    CallerSpeaks,
    Event,
    Failed,
    HangUp,
    Listen,
    Press,
    Report,
    Say,
    Script,
)

DIALPLAN = settings.DEFAULT_DIALPLAN.with_name("demo.toml")
RECORDINGS = Path("recordings")
STEPS = (
    Listen(),
    Say("what time do you open"),
    Listen(),
    Say("tell me about the menu"),
    BargeIn("can I book a table for four people tomorrow at seven o'clock", after_ms=4_200),
    Listen(),
    Press("1"),
    Listen(),
    Say("no that is all thank you"),
    Listen(silent_ms=5_000),
    HangUp(),
)


class Screen:
    """The call as it happens, line by line; partial transcripts overwrite each other on a terminal."""

    def __init__(self, stream: TextIO, minutes: Minutes) -> None:
        self._stream = stream
        self._minutes = minutes
        self._began = time.monotonic()
        self._partial = False
        self._words = ""
        self.call_id = ""

    def watch(self, call_id: str, event: ServerEvent) -> None:
        """Show one event of the session."""
        self.call_id = call_id
        self._minutes.observe(event)
        match event:
            case PartialTranscript(transcript=words) if words:
                self._overwrite(f"agent hears   {words} ...")
            case TranscriptCompleted(transcript=words):
                self.line("agent heard", words or "(nothing it knows)")
            case DtmfReceived(event=digit):
                self.line("agent heard", f"key {digit}")
            case ResponseCreated():
                self._words = ""
            case OutputTranscriptDelta(delta=words):
                self._words += words
            case PlayoutStarted():
                self.line("agent says", self._words.strip())
            case PlayoutCleared():
                self.line("agent yields")
            case ItemTruncated(audio_end_ms=heard_ms):
                self.line("", f"the caller heard {heard_ms / 1_000:.1f} s of it")
            case _:
                pass

    def tell(self, event: Event) -> None:
        """Show one event of the caller."""
        match event:
            case Answered():
                self.line("answered")
            case CallerSpeaks(text=text):
                self.line("caller says", text)
            case Failed(reason=reason):
                self.line("failed", reason)
            case _:
                pass

    def line(self, who: str, what: str = "") -> None:
        """One line with the time since the start."""
        self._clear()
        self._stream.write(f"{time.monotonic() - self._began:7.2f} s  {who:<13} {what}\n")
        self._stream.flush()

    def _overwrite(self, text: str) -> None:
        if self._stream.isatty():
            self._clear()
            self._stream.write(f"{time.monotonic() - self._began:7.2f} s  {text}")
            self._stream.flush()
            self._partial = True

    def _clear(self) -> None:
        if self._partial:
            self._stream.write("\r\033[K")
            self._partial = False


async def run(*, as_json: bool, keep: bool) -> int:
    """Place the call and show it; 0 when all went as it should."""
    observe.set_up(LogSettings(level="warning"))
    stream = sys.stderr if as_json else sys.stdout
    minutes = Minutes()
    screen = Screen(stream, minutes)
    async with Service(_settings(), screen.watch) as service:
        uri = f"sip:100@{contact(service)}"
        screen.line("calling", uri)
        outcome = await _caller(Script(uri=uri, steps=STEPS), screen)
        await service.switchboard.settled()
        recording = str((RECORDINGS / f"{screen.call_id}.wav").resolve())
        result = no_call(outcome.reason) if isinstance(outcome, Failed) else report(minutes, outcome, recording)
        _show(result, stream)
        if keep:
            await _keep(uri, stream)
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0 if result.ok else 1


def _settings() -> Settings:
    chosen = settings.read(None)
    sip = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=None)
    media = replace(chosen.media, recordings_dir=RECORDINGS)
    control = ControlSettings(port=None)
    return replace(chosen, dialplan=DIALPLAN, sip=sip, media=media, control=control, trunks=())


async def _caller(script: Script, screen: Screen) -> Report | Failed:
    """Run the caller's process, show what it tells, and return how it went."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "telephony.wire.caller"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(script))
    process.stdin.close()
    outcome: Report | Failed = Failed("the caller's process ended early")
    try:
        async for line in process.stdout:
            event = _DECODER.decode(line)
            screen.tell(event)
            if isinstance(event, Report | Failed):
                outcome = event
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
        await process.wait()
    return outcome


_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def _show(result: DemoReport, stream: TextIO) -> None:
    """The table: per turn, ms after the caller's last packet."""
    stages = ("turn_decided", "transcript_final", "first_token", "first_speech", "first_packet")
    titles = ("turn decided", "transcript", "first token", "first speech", "first packet heard")
    stream.write("\nMilliseconds after the last packet of the caller's speech:\n\n")
    stream.write(f"{'':<34}" + "".join(f"{title:>20}" for title in titles) + "\n")
    for turn in result.turns:
        cells = "".join(f"{turn.stages.get(stage, '-'):>20}" for stage in stages)
        stream.write(f"{turn.caller_said[:33]:<34}{cells}\n")
    stream.write(
        f"\nbarge-in          {result.barge_in_stop_ms} ms from the caller's onset to the agent's last packet\n"
    )
    stream.write(f"word error rate   {result.word_error_rate:.1%}\n")
    stream.write(f"packets lost      {result.packets_lost}\n")
    stream.write(f"recording         {result.recording}\n")
    for problem in result.problems:
        stream.write(f"NOT AS IT SHOULD  {problem}\n")


async def _keep(uri: str, stream: TextIO) -> None:
    stream.write(
        f"\nThe service stays up. Dial {uri} with a softphone on this machine, for example\n"
        f"    linphonec, then: call {uri}\n"
        "without any account. It knows the words of dialplans/demo.toml. Ctrl-C ends it.\n"
    )
    stream.flush()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
