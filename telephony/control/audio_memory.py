"""The latest sound of a WebSocket session, for `conversation.item.retrieve`. Rule: it is bounded; what is gone is gone.

An event must stay below 1 MiB, which in PCM16 at 24 kHz is 16 s: more of one item could not be shown anyway.
"""

from collections import deque
from typing import Final

from pipeline.audio import FRAME_MS, WIDE_HZ, Frame, bytes_of

KEPT_MS: Final = 20_000


class AudioMemory:
    """Both sides, PCM16 at 24 kHz."""

    def __init__(self) -> None:
        self._caller: deque[bytes] = deque(maxlen=KEPT_MS // FRAME_MS)
        self._caller_frames = 0
        self._agent: dict[str, bytearray] = {}

    def caller_said(self, frame: Frame) -> None:
        """The caller's next frame."""
        self._caller.append(frame.wide)
        self._caller_frames += 1

    def agent_said(self, response_id: str, pcm: bytes) -> None:
        """The next audio of a response; its beginning is kept, and as much of those before it as there is room for."""
        room = bytes_of(KEPT_MS, WIDE_HZ)
        said = self._agent.pop(response_id, bytearray())
        if len(said) < room:
            said += pcm
        self._agent[response_id] = said
        while len(self._agent) > 1 and sum(map(len, self._agent.values())) > room:
            del self._agent[next(iter(self._agent))]

    def of_caller(self, start_ms: int, end_ms: int) -> bytes | None:
        """What the caller said between these times of the session; None when it is not all there."""
        first = start_ms // FRAME_MS - (self._caller_frames - len(self._caller))
        last = -(-end_ms // FRAME_MS) - (self._caller_frames - len(self._caller))
        if first < 0 or last > len(self._caller):
            return None
        return b"".join(list(self._caller)[first:last])

    def of_agent(self, response_id: str, end_ms: int) -> bytes | None:
        """The first so many ms of a response; None when they are not all there."""
        said = self._agent.get(response_id, b"")
        size = bytes_of(end_ms, WIDE_HZ)
        return bytes(said[:size]) if said and size <= len(said) else None
