"""What the agent waits for (digits, a spelling, an address ...), and how much of it has been said.

Rule: pure. Until something awaited is there more of it will come, whatever the pause sounds like.
"""

from pipeline.entities.awaited import Awaited, Kind
from pipeline.entities.filling import NOT_YET, PERHAPS, THERE, filled
from pipeline.entities.question import awaited

__all__ = ["NOT_YET", "PERHAPS", "THERE", "Awaited", "Kind", "awaited", "filled"]
