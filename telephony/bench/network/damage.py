"""What a network does to what passes. Rule: pure; chance comes as an argument."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Shares from 0 to 1 and ms: a packet is lost, or comes `delay_ms` late give or take `jitter_ms`, or overtakes.

    The first two are what `netem loss 5% delay 100ms 50ms` of Linux does, which lets packets overtake one another as
    well. One that overtakes comes as early as any may, so that it arrives before some that were sent before it.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    overtaking: float = 0.0

    @property
    def earliest_ms(self) -> float:
        """How late the quickest comes."""
        return self.delay_ms - self.jitter_ms

    def late_ms(self, chance: random.Random) -> float | None:
        """How late the next packet comes; None when it is lost."""
        if chance.random() < self.loss:
            return None
        if chance.random() < self.overtaking:
            return self.earliest_ms
        return self.delay_ms + chance.uniform(-self.jitter_ms, self.jitter_ms)


CLEAN = Damage()
BAD = Damage(loss=0.05, delay_ms=60.0, jitter_ms=50.0, overtaking=0.05)
