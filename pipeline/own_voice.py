"""The caller's speech, told from the agent's own voice that a telephone sends back. Rule: in doubt it is the caller's.

Sound that is mostly echo is no speech: it neither begins an utterance nor keeps one open. An utterance that began all
the same, and turns out to be more echo than anything else, is none. Before a call's first echo is known for one, that
it ends as an echo is enough: an agent that waits lets it end.
"""

from typing import Final

from pipeline.audio import FRAME_MS
from pipeline.interruption import VOICE
from pipeline.realtime.ours import EchoHeard
from pipeline.signals import CallerFrame, Ids, Output
from pipeline.turn import ONSET_MS

FOREIGN: Final = 0.55
"""So much of a sound must come from elsewhere for it to be the caller's."""
OVER_MS: Final = 100
"""For so long nothing was the caller's in what turns out to be an echo."""


class OwnVoice:
    """One call's: what it is told of each frame, it counts for the utterance that is open."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._voiced_ms = self._since_voice_ms = self._echoed_ms = 0
        self._run_ms = 0
        self._told_of = ""
        self._knows = self._knew = False

    def weigh(self, frame: CallerFrame) -> float:
        """The frame's speech score: nothing when it is echo."""
        echoed = frame.score >= VOICE and frame.foreign < FOREIGN
        voiced = frame.score >= VOICE and not echoed
        self._run_ms = self._run_ms + FRAME_MS if echoed else 0
        self._echoed_ms += FRAME_MS * echoed
        self._voiced_ms += FRAME_MS * voiced
        self._knows = self._knows or self._run_ms >= ONSET_MS
        self._since_voice_ms = 0 if voiced else self._since_voice_ms + FRAME_MS
        return 0.0 if echoed else frame.score

    def begin(self) -> None:
        """An utterance began."""
        self._voiced_ms, self._echoed_ms = ONSET_MS, 0
        self._knew = self._knows

    @property
    def echoes(self) -> bool:
        """True when the open utterance is none."""
        enough_ms = self._voiced_ms if self._knew else ONSET_MS
        return self._since_voice_ms >= OVER_MS and self._echoed_ms >= enough_ms

    def told(self, response_id: str) -> list[Output]:
        """Say so, once a response, when its echo would have been an onset."""
        if self._run_ms < ONSET_MS or response_id == self._told_of:
            return []
        self._told_of = response_id
        return [EchoHeard(event_id=self._ids("event"), response_id=response_id)]

    def dropped(self, response_id: str, item_id: str) -> list[Output]:
        """Say that an utterance is none."""
        self._told_of = response_id
        return [EchoHeard(event_id=self._ids("event"), response_id=response_id, item_id=item_id)]
