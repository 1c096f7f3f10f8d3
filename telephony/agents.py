"""Agents by name: the dialplan's own, and those kept in Redis. Rule: the dialplan wins; a kept one is read per call."""

from collections.abc import Mapping

from pipeline.realtime.config import SessionConfig
from telephony.dialplan import STORED
from telephony.state.store import Store


class Agents:
    """Every agent that this node can let talk."""

    def __init__(self, written: Mapping[str, SessionConfig], store: Store) -> None:
        self.written = dict(written)
        self._store = store

    def adopt(self, written: Mapping[str, SessionConfig]) -> None:
        """These are the dialplan's from now on, for whoever looks at `written`."""
        self.written.clear()
        self.written.update(written)

    async def find(self, name: str) -> SessionConfig | None:
        """The agent of this name, `NAME` or `agent:NAME`; None when there is none. Raises StateError."""
        name = name.removeprefix(STORED)
        if name in self.written:
            return self.written[name]
        stored = await self._store.session(name)
        return stored.config if stored else None
