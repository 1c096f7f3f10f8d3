"""Callers who interrupt, say "uh huh" or cough. Rule: what became of the agent's words is heard, not asked.

The agent's reply has a known length. Where a caller only listened and the agent was heard for that long in all, it
went on; where it was heard for less or for more, it was stopped for good, whatever it said instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from telephony.bench.conversation import Conversation, Findings
from telephony.bench.lines import Repertoire
from telephony.bench.marked_speech import LEAD_MS
from telephony.bench.nominal import reply_ms
from telephony.wire.call import Call
from telephony.wire.listening import Talk
from telephony.wire.mouth import Spoken
from telephony.wire.rtp import PACKET_MS
from telephony.wire.speech import Speech

INTERRUPTS, LISTENS, COUGHS = 0.3, 0.6, 0.8
ALL_SAID_MS = 1_500.0
SLACK_MS = 350.0
REPLY_TIMEOUT_S = 20.0


@dataclass(slots=True)
class ListenersFindings(Findings):
    """Of those who only listened, how many there were and how many stopped the agent for good."""

    listened: int = 0
    stopped: int = 0


class Listener(Conversation):
    """One call's caller, with all of a listener's habits."""

    def __init__(self, call: Call, said: Repertoire, seed: int, findings: ListenersFindings) -> None:
        super().__init__(call, said.turns, seed, findings)
        self._said = said
        self._heard = findings

    async def _react(self, spoken: Spoken) -> Spoken:
        chance = self._chance.random()
        if chance >= COUGHS or not await self._agent_speaks(spoken):
            return spoken
        if chance < INTERRUPTS:
            return await self._interrupt(self._chance.choice(self._said.interruptions), LEAD_MS)
        return await self._listen(self._said.backchannels if chance < LISTENS else self._said.noises, spoken)

    async def _listen(self, sounds: Sequence[Speech], asked: Spoken) -> Spoken:
        """Make a sound that wants nothing, and hear the agent out."""
        spoken = await self._call.say(self._chance.choice(sounds))
        heard_out = await self._within(
            REPLY_TIMEOUT_S, lambda ear, now_ms: ear.silent_ms(now_ms, spoken.end_ms) >= ALL_SAID_MS
        )
        said_ms = sum(audible_ms(talk) for talk in self._call.ear.talks if talk.first_ms >= asked.end_ms)
        self._heard.listened += 1
        self._heard.stopped += not heard_out or abs(said_ms - reply_ms()) > SLACK_MS
        return spoken


def audible_ms(talk: Talk) -> float:
    """From the first packet's first sample to the last one's last."""
    return talk.last_ms - talk.first_ms + PACKET_MS
