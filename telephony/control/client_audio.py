"""The agent's audio as events of one WebSocket client. Rule: base64 and formats end here; inside there is PCM."""

import base64
from collections.abc import Iterator
from typing import Final

from pipeline.realtime.config import Format
from pipeline.realtime.events import ItemRetrieved, OutputAudioDelta, OutputAudioDone, ServerEvent, with_audio
from pipeline.realtime.items import ResponseObject
from pipeline.signals import CallerAudio, Ids, Play, ShowItem
from telephony.control.audio_memory import AudioMemory
from telephony.control.wire_audio import AgentAudio

DELTA_BYTES: Final = 96 << 10
MAX_SHOWN_BYTES: Final = 700 << 10


class AgentVoice:
    """The agent's audio as events of the client's session."""

    def __init__(self, wire: Format, ids: Ids) -> None:
        self.wire = wire
        self._ids = ids
        self._parts: dict[str, AgentAudio] = {}
        self._wished: dict[str, Format] = {}

    def begun(self, response: ResponseObject) -> None:
        """A response may have a format of its own."""
        if response.audio is not None:
            self._wished[response.id] = response.audio.output.format

    def done(self, response_id: str) -> None:
        """Nothing more will come of it."""
        self._wished.pop(response_id, None)

    def deltas(self, play: Play, pcm: bytes) -> Iterator[OutputAudioDelta]:
        """The next audio of a content part."""
        part = self._parts.get(play.item_id)
        if part is None:
            part = self._parts[play.item_id] = AgentAudio(self._wished.get(play.response_id, self.wire))
        yield from self._deltas(play.response_id, play.item_id, play.output_index, part.encoded(pcm))

    def ended(self, done: OutputAudioDone) -> Iterator[ServerEvent]:
        """A content part has all its audio: what its filter still holds, and the event."""
        part = self._parts.pop(done.item_id, None)
        if part is not None:
            yield from self._deltas(done.response_id, done.item_id, done.output_index, part.ended())
        yield done

    def _deltas(self, response_id: str, item_id: str, output_index: int, raw: bytes) -> Iterator[OutputAudioDelta]:
        for start in range(0, len(raw), DELTA_BYTES):
            yield OutputAudioDelta(
                event_id=self._ids("event"),
                response_id=response_id,
                item_id=item_id,
                output_index=output_index,
                delta=base64.b64encode(raw[start : start + DELTA_BYTES]).decode(),
            )


def shown(asked: ShowItem, memory: AudioMemory, caller: Format, agent: Format) -> ItemRetrieved:
    """An item with its audio, or without where that is gone or too long for one event."""
    match asked.audio:
        case CallerAudio(start_ms, end_ms):
            pcm, wire = memory.of_caller(start_ms, end_ms), caller
        case said:
            pcm, wire = memory.of_agent(said.response_id, said.end_ms), agent
    if pcm is None:
        return asked.event
    audio = AgentAudio(wire)
    raw = audio.encoded(pcm) + audio.ended()
    if len(raw) > MAX_SHOWN_BYTES:
        return asked.event
    return with_audio(asked.event, base64.b64encode(raw).decode())
