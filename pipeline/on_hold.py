"""A call on hold, at whoever's wish. Rule: the agent knows, says nothing, and goes on where it was cut.

Whatever sounds meanwhile is nobody's speech, and no silence is too long.
"""

from pipeline.answering import Answering
from pipeline.conversation import Conversation
from pipeline.listening import Listening
from pipeline.realtime.items import InputText, MessageItem
from pipeline.signals import Ids, Output
from pipeline.wire_order import whole_item

BEGUN = "[The call is on hold. Nobody hears you.]"
OVER = "[The call is no longer on hold.]"


class OnHold:
    """One session's."""

    def __init__(self, ids: Ids, conversation: Conversation, listening: Listening, answering: Answering) -> None:
        self._ids = ids
        self._conversation = conversation
        self._listening = listening
        self._answering = answering
        self._owes = False

    def turn(self, on: bool) -> list[Output]:
        """The call is on hold, or no longer."""
        if on == self._listening.on_hold:
            return []
        self._listening.on_hold = on
        return self._begin() if on else self._end()

    def _begin(self) -> list[Output]:
        answering, listening = self._answering, self._listening
        edge = listening.turns.stop(listening.audio_ms)
        out = listening.end(edge) if edge is not None else []
        self._owes = not answering.speaking.idle
        return out + answering.cut("turn_detected") + self._told(BEGUN)

    def _end(self) -> list[Output]:
        if self._owes:
            self._answering.owe()
        return self._told(OVER)

    def _told(self, text: str) -> list[Output]:
        item = MessageItem(id=self._ids("item"), role="system", content=(InputText(text),))
        return whole_item(self._ids, item, self._conversation.append(item))
