"""When a call is recorded: on, off, or paused. Rule: what is said while it is paused is written nowhere.

A pause leaves silence of the same length, so that the transcript's times still fit; off leaves nothing. The files are
made when recording is first turned on.
"""

import asyncio
from pathlib import Path

import structlog

from pipeline.realtime.events import ServerEvent
from pipeline.signals import RecordingState
from telephony.joined_voice import JoinedVoice
from telephony.leg import LegAudio
from telephony.media_settings import MediaSettings
from telephony.recording import CallFiles

log = structlog.get_logger()

RECORD_EVERY_S = 0.5


class Recorder:
    """One call's. Without a folder nothing is ever recorded."""

    def __init__(self, media: MediaSettings, call_id: str, audio: LegAudio) -> None:
        self._audio = audio
        self._joined: JoinedVoice | None = None
        folder, name = media.recordings_dir, f"{call_id}.{media.recording_format}"
        self._files = CallFiles(folder / name) if folder is not None else None
        self._wanted = asyncio.Event()
        self._state: RecordingState = "off"
        self._path: Path | None = None
        self._refused = False

    @property
    def lost(self) -> bool:
        """Not all that was to be recorded has been."""
        return self._refused or (self._files is not None and self._files.lost)

    @property
    def path(self) -> Path | None:
        """The recording, once there is one, and while nothing of it is lost."""
        return None if self.lost else self._path

    @property
    def discreet(self) -> bool:
        """True while what is said is kept nowhere."""
        return self._state == "paused"

    def turn(self, state: RecordingState) -> bool:
        """Go on from this very moment; False when there is nowhere to record to. A pause is one all the same."""
        if self._files is None:
            self._state = "paused" if state == "paused" else "off"
            return state != "on"
        if state != self._state:
            log.info("recording_turned", state=state)
            self._files.keep(self._read())
            self._state = state
            self._collect(state != "off")
        if state != "off":
            self._wanted.set()
        return True

    def join(self, other: LegAudio) -> None:
        """The caller talks to this one's far end, whose words stand on the agent's side from now on."""
        if self._files is not None:
            self._files.keep(self._read())
            self._joined = JoinedVoice(other)
            self._collect(self._state != "off")

    def observe(self, event: ServerEvent) -> None:
        """Take one event of the session, for the transcript."""
        if self._files is not None and self._state == "on":
            self._files.observe(event)

    async def run(self) -> None:
        """Write until cancelled."""
        if self._files is None:
            return
        await self._wanted.wait()
        files = self._files
        try:
            await files.open()
            self._path = files.path
            while True:
                await asyncio.sleep(RECORD_EVERY_S)
                await files.write(self._read())
        except OSError as problem:
            self._files, self._refused = None, True
            self._collect(False)
            log.error("recording_refused", path=str(files.path), problem=problem.strerror, remedy="check the folder")
        finally:
            files.keep(self._read())

    async def close(self) -> None:
        """Write what is left."""
        if self._files is not None and self._wanted.is_set():
            await self._files.close()

    def _collect(self, on: bool) -> None:
        self._audio.set_recording(on)
        if self._joined is not None:
            self._joined.set_recording(on)

    def _read(self) -> bytes:
        stereo = self._audio.read_record()
        if self._joined is not None:
            stereo = self._joined.over(stereo)
        match self._state:
            case "on":
                return stereo
            case "paused":
                return bytes(len(stereo))
            case "off":
                return b""
