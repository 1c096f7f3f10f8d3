"""How the agent's part in a call will end, and whether that still stands. Rule: nothing ends before it is due.

A hang-up waits until the agent's words are heard, and the caller may take it back by speaking until then. A transfer
waits too, but stands. So do the last words after a provider's failure, and a message that the caller may leave.
"""

from pipeline.signals import EndCall, TransferCall
from pipeline.tools import HangUpAsked, TransferAsked


class Farewell:
    """At most one ending is planned at a time."""

    def __init__(self, patience_ms: int) -> None:
        self._patience_ms = patience_ms
        self._act: EndCall | TransferCall | None = None
        self._call_id: str | None = None
        self._transfer_call_id: str | None = None
        self._planned_ms = 0
        self._listen_ms = 0
        self._since_ms: int | None = None
        self.leaving = False
        """No provider can go on; nothing takes that back."""
        self.over = False

    @property
    def planned(self) -> bool:
        """True while an ending or a transfer waits for its moment."""
        return self._act is not None

    @property
    def firm(self) -> bool:
        """True when the caller can change nothing: last words, a transfer planned or under way, the end itself."""
        standing = self._act is not None and not self._can_be_taken_back()
        return standing or self._transfer_call_id is not None or self.leaving or self.over

    @property
    def silences(self) -> bool:
        """True when the agent begins no new response."""
        return self._act is not None or self._transfer_call_id is not None or self.leaving or self.over

    def plan(self, wish: HangUpAsked | TransferAsked, now_ms: int) -> bool:
        """The agent wants to end or hand over the call; False when something else is planned."""
        if self.silences:
            return False
        match wish:
            case HangUpAsked(listen_ms=listen_ms):
                self._act = EndCall("us", "message_taken" if listen_ms else "agent_hung_up")
                self._listen_ms, self._since_ms = listen_ms, None
            case TransferAsked(target=target, summary=summary):
                self._act = TransferCall(target, summary)
        self._call_id = wish.call_id
        self._planned_ms = now_ms
        return True

    def leave(self, act: EndCall | TransferCall, listen_ms: int) -> None:
        """End the call, or hand it over, after what is being said; an end comes so long after that."""
        self._act, self._call_id, self.leaving = act, None, True
        self._listen_ms, self._since_ms = listen_ms if isinstance(act, EndCall) else 0, None

    def end(self, reason: str) -> EndCall:
        """End the call now, by our own decision."""
        self.over = True
        return EndCall("us", reason)

    def take_back(self) -> str | None:
        """The caller goes on talking: drop a planned hang-up; returns the function call that asked for it."""
        if not self._can_be_taken_back():
            return None
        call_id, self._act, self._call_id = self._call_id, None, None
        return call_id

    def due(self, now_ms: int, *, caller_silent: bool) -> EndCall | TransferCall | None:
        """What is to happen now that the agent's words are heard.

        A hang-up also waits for what the caller is saying, but not for ever: what lasts may be noise.
        """
        act = self._act
        if act is not None and self._listen_ms:
            self._since_ms = now_ms if self._since_ms is None else self._since_ms
            if now_ms - self._since_ms < self._listen_ms:
                return None
        if act is None or not (caller_silent or self.firm or now_ms - self._planned_ms >= self._patience_ms):
            return None
        self._act = None
        match act:
            case EndCall():
                self.over = True
            case TransferCall():
                self._transfer_call_id = self._call_id
        self._call_id = None
        return act

    def transfer_failed(self) -> str | None:
        """The target did not take the call; returns the function call that asked for the transfer under way."""
        call_id, self._transfer_call_id = self._transfer_call_id, None
        return call_id

    def _can_be_taken_back(self) -> bool:
        return self._call_id is not None and isinstance(self._act, EndCall) and not self._listen_ms
