"""How late a simulated vendor is, beside the latency it was told to have. Rule: its own clock, at each first answer."""

import asyncio


class Lateness:
    """One server's; `late_ms` has an entry for each answer."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []

    def due(self, due_s: float) -> None:
        """What was due then, by the event loop's clock, is sent now."""
        self.late_ms.append((asyncio.get_running_loop().time() - due_s) * 1_000)
