"""Conversations over a clean line, a bad one, and one that is away for a while. Rule: each side is judged by its ears.

Word errors, in percent of the words said: the callers' words as the service understood them, by its own recogniser and
its own transcript; the agent's words as the embedded recogniser understands what the caller's telephone played. Both
expect the sentences of this conversation and take what is nearest, so that a sentence is understood or wholly wrong.
MOS is the E-model's estimate (telephony.quality): the service's own of what it heard, and the same formula for what the
telephone played, by the packets that came too late or never and the length of its jitter buffer.

`outage` is the bad line that is away for ten seconds, in which a caller speaks; figures are of the turns after it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from telephony.bench.network import service
from telephony.bench.network.damage import BAD, CLEAN, Damage
from telephony.bench.network.line import NEAR, Line, line
from telephony.bench.network.playout import Played
from telephony.bench.network.talk import BUFFER_MS, CALLERS, EXCHANGES, Spoken, Talker, dialplan, speeches
from telephony.bench.network.understood import Judge, Judged, transcript_of
from telephony.bench.subject import Subject, SubjectError, running
from telephony.quality import Heard
from telephony.wire.call import Call
from telephony.wire.phone import Phone

SUBJECT = "telephony.bench.network.service"
AWAY_S = 10.0
OVER_WITHIN_S = 20.0
SEED = 20


@dataclass(frozen=True, slots=True)
class _Scene:
    """A call of each caller; with `away_at` the line is away when so many questions have been asked."""

    damage: Damage
    questions: Sequence[str]
    away_at: int | None = None


async def run_network(turns: int, stream: TextIO) -> dict[str, Any]:
    """So many turns of each caller on each line; progress goes to the stream. Raises NoNetworkError."""
    questions = [EXCHANGES[nth % len(EXCHANGES)][0] for nth in range(turns)]
    scenes = {
        "clean": _Scene(CLEAN, questions),
        "damaged": _Scene(BAD, questions),
        "outage": _Scene(BAD, (*questions[:2], *questions), away_at=2),
    }
    found: dict[str, Any] = {}
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        spoken = await speeches()
        between = await opened.enter_async_context(line(SEED))
        config = service.written(folder, dialplan())
        subject = await opened.enter_async_context(running(SUBJECT, "--config", str(config), within=between.far))
        stage = _Stage(between, subject, spoken, await opened.enter_async_context(Judge()))
        for name, scene in scenes.items():
            found[name] = await stage.play(scene)
            stream.write(f"{name}: {found[name]}\n")
    return {**found, "damage": {**asdict(BAD), "outage_s": AWAY_S}}


class _Stage:
    """Where every scene is played."""

    def __init__(self, between: Line, subject: Subject, spoken: Spoken, judge: Judge) -> None:
        self._between = between
        self._subject = subject
        self._spoken = spoken
        self._judge = judge

    async def play(self, scene: _Scene) -> dict[str, Any]:
        """The scene's calls at the same time, and what was understood in them."""
        before = await self._subject.tells()
        self._between.damage = scene.damage
        async with Phone(NEAR, keep_audio=True) as phone:
            calls = [await phone.call(f"sip:1@{self._subject.ready['at']}") for _ in CALLERS]
            talkers = [Talker(call, who, self._spoken) for call, who in zip(calls, CALLERS, strict=True)]
            await self._talk(talkers, scene)
            self._between.damage = CLEAN
            for call in calls:
                await call.hang_up()
        heard = [talker.heard() for talker in talkers]
        after = await self._over(calls)
        judged = Judged()
        for call, talker, played in zip(calls, talkers, heard, strict=True):
            transcript = transcript_of(Path(after["recordings"][call.dialog.call_id]), call.answered_ms)
            await self._judge.judge(talker.turns[scene.away_at or 0 :], transcript, played, judged)
        return {**judged.as_object(), **_quality(before, after, heard, scene.damage)}

    async def _talk(self, talkers: Sequence[Talker], scene: _Scene) -> None:
        await asyncio.gather(*(talker.is_greeted() for talker in talkers))
        for number, question in enumerate(scene.questions):
            if number == scene.away_at:
                self._between.is_up = False
                await asyncio.gather(asyncio.sleep(AWAY_S), *(talker.says(question) for talker in talkers))
                self._between.is_up = True
            await asyncio.gather(*(talker.asks(question) for talker in talkers))

    async def _over(self, calls: Sequence[Call]) -> dict[str, Any]:
        """What the service tells when these calls are over there too."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + OVER_WITHIN_S
        while loop.time() < end_s:
            told = await self._subject.tells()
            if all(told["recordings"].get(call.dialog.call_id) for call in calls):
                return told
            await asyncio.sleep(0.1)
        raise SubjectError(f"the service had not ended its calls {OVER_WITHIN_S:.0f} s after the callers had")


def _quality(before: dict[str, Any], after: dict[str, Any], heard: Sequence[Played], damage: Damage) -> dict[str, Any]:
    """Loss and MOS of whole calls, on either side: of what did not come in time."""
    calls, received, lost, mos = (after[name] - before[name] for name in ("measured", "received", "lost", "mos"))
    by_callers = [
        Heard(received=one.packets - one.lost, lost=one.lost, delay_ms=damage.earliest_ms + BUFFER_MS) for one in heard
    ]
    return {
        "service_hears": {"mos": round(mos / calls, 2), "loss_pct": round(100 * lost / (received + lost), 1)},
        "callers_hear": {
            "mos": round(sum(one.mos for one in by_callers) / len(by_callers), 2),
            "loss_pct": round(100 * sum(one.loss for one in by_callers) / len(by_callers), 1),
        },
    }
