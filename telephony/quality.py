"""How well a call is heard: loss, jitter, delay, and an estimate of MOS. Rule: pure; figures in, figures out.

MOS is estimated by the E-model (ITU-T G.107) in its common short form: a rating of 93.2 less what delay takes (G.107
section 7.4, simplified) and what loss takes (G.113: G.711 with concealment, random loss), and from the rating to MOS.
"""

from dataclasses import dataclass
from typing import Final

BEST: Final = 93.2
LOSS_ROBUSTNESS: Final = 25.1  # Bpl of G.711 with concealment, ITU-T G.113 appendix I
NOTICED_DELAY_MS: Final = 177.3
ONE_WAY_AFTER_S: Final = 5.0
MOST_OF: Final = 0.9
FEWEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One or more streams so far: what came, what got lost on its way to us and to the far end, as RTCP has it.

    `lost_there` is None until the far end has reported; `delay_ms` is one way, the jitter buffer's included.
    """

    received: int = 0
    lost: int = 0
    jitter_ms: float = 0.0
    delay_ms: float = 0.0
    sent: int = 0
    lost_there: int | None = None

    @property
    def loss(self) -> float:
        """The part of the packets meant for us that did not come, from 0 to 1."""
        return self.lost / max(1, self.received + self.lost)

    @property
    def mos(self) -> float:
        """Estimated, from 1.0 (nothing can be understood) to 4.4 (as a telephone can be)."""
        delay = 0.024 * self.delay_ms + 0.11 * max(0.0, self.delay_ms - NOTICED_DELAY_MS)
        percent = 100 * self.loss
        rating = max(0.0, BEST - delay - 95 * percent / (percent + LOSS_ROBUSTNESS))
        return round(1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating), 2)

    def and_then(self, later: "Heard") -> "Heard":
        """Both as one stream: packets add up, jitter and delay are means over those received."""
        received = self.received + later.received
        part = later.received / received if received else 1.0
        theirs = [heard.lost_there for heard in (self, later) if heard.lost_there is not None]
        return Heard(
            received=received,
            lost=self.lost + later.lost,
            jitter_ms=self.jitter_ms + part * (later.jitter_ms - self.jitter_ms),
            delay_ms=self.delay_ms + part * (later.delay_ms - self.delay_ms),
            sent=self.sent + later.sent,
            lost_there=sum(theirs) if theirs else None,
        )

    def is_one_way(self, answered_s: float) -> str:
        """Who hears nobody, so long after the answer: "us", "far_end", or "" while all is well or too early to tell."""
        if answered_s < ONE_WAY_AFTER_S:
            return ""
        if self.received == 0:
            return "us"
        if self.lost_there is not None and self.sent > FEWEST and self.lost_there > MOST_OF * self.sent:
            return "far_end"
        return ""


@dataclass(frozen=True, slots=True)
class Measured:
    """How a leg was heard from its answer to its end, whoever was there; `one_way` is who heard nobody for a while."""

    heard: Heard
    one_way: str
