"""What is said on the bad network, and by whom when. Rule: callers believe their own ears alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.network.playout import Packet, Played, played, unwrapped
from telephony.wire.call import Call
from telephony.wire.ear import LAWS, NS_PER_MS, Ear
from telephony.wire.listening import first_audible
from telephony.wire.speech import Speech, decoded
from telephony.wire.voice import spoken_by

EXCHANGES = (
    ("what time do you open on monday", "On Monday we open at nine in the morning."),
    ("how much is a ticket for two adults", "A ticket for two costs thirty pounds and fifty pence."),
    ("where can i leave my car", "There is a garage behind the old station."),
    ("is there a bus from the airport", "The bus from the airport leaves every twenty minutes."),
    ("i have lost my blue umbrella", "Please ask for your umbrella at the front desk."),
    ("can i bring my dog with me", "Small dogs are welcome in the garden."),
    ("do you have a room for thursday", "We still have a quiet room on the second floor."),
    ("my son would like a glass of milk", "The kitchen will bring him a glass of warm milk."),
    ("who can repair my broken window", "Somebody will come to look at it tomorrow evening."),
    ("please send the letter to my brother", "Your brother will have the letter by the weekend."),
    ("what is the weather like in the mountains", "It is cold and sunny in the mountains today."),
    ("how long does the tour take", "The tour takes one hour and a half."),
)
"""What callers say, and what the agent answers to it; no two have much in common."""
GREETING = "Hello, this is the town office."
CALLERS = ("slt", "rms")
ANSWER_WITHIN_S = 8.0
PAUSE_MS = 900.0
BUFFER_MS = 120.0


Spoken = dict[tuple[str, str], Speech]
"""By who says it, and what."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said, from its first packet until the caller went on; whether the agent was heard in between."""

    said: str
    begin_ms: float
    end_ms: float
    answered: bool


def dialplan() -> str:
    """An agent that knows the answers."""
    rules = "".join(f'[[flows.town.when]]\nsays = ["{said}"]\nreply = "{reply}"\n' for said, reply in EXCHANGES)
    return (
        '[[route]]\ndid = "*"\nagent = "town"\n[agents.town]\nmodel = "scripted/town"\naudio.output.voice = "slt"\n'
        f'[flows.town]\ngreeting = "{GREETING}"\nstart = "open"\notherwise = ["Pardon?"]\n'
        f"[flows.town.states.open]\n{rules}"
    )


async def speeches() -> Spoken:
    """What each caller says, ready to be sent."""
    with EmbeddedVoice() as voice:
        return {(who, said): await spoken_by(voice, who, said) for who in CALLERS for said, _ in EXCHANGES}


class Talker:
    """One call's caller."""

    def __init__(self, call: Call, who: str, spoken: Spoken) -> None:
        self._call = call
        self._who = who
        self._spoken = spoken
        self.turns: list[Turn] = []

    async def is_greeted(self) -> None:
        """Hear the agent's first words."""
        await self._hears_out(self._call.answered_ms)

    async def says(self, said: str) -> None:
        """Say this, and expect nothing."""
        await self._call.say(self._spoken[self._who, said])

    async def asks(self, said: str) -> None:
        """Say this and hear the answer out."""
        spoken = await self._call.say(self._spoken[self._who, said])
        answered = await self._hears_out(spoken.end_ms)
        now_ms = asyncio.get_running_loop().time() * 1_000
        self.turns.append(Turn(said, spoken.start_ms, now_ms, answered))

    def heard(self) -> Played:
        """All of the call as a telephone with a jitter buffer plays it."""
        ear = self._call.ear
        came = zip(ear.arrivals_ns, unwrapped(ear.timestamps), ear.payloads, strict=True)
        packets = [
            Packet(arrival_ns / NS_PER_MS, stamp, decoded(payload, LAWS[kind]))
            for arrival_ns, stamp, (kind, payload) in came
            if kind in LAWS
        ]
        return played(packets, BUFFER_MS)

    async def _hears_out(self, since_ms: float) -> bool:
        """Whether the agent was heard from this moment on, and has been silent since."""
        if not await self._in_time(lambda ear, _: first_audible(ear.talks, since_ms) is not None):
            return False
        return await self._in_time(lambda ear, now_ms: ear.silent_ms(now_ms, since_ms) >= PAUSE_MS)

    async def _in_time(self, heard: Callable[[Ear, float], bool]) -> bool:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._call.until(heard)
        except TimeoutError:
            return False
        return True
