"""Makes the recordings anew, after a change of behaviour that is meant: `python -m tests.replay.make`.

Read what `git diff` shows before you commit it: it is the change as callers, providers and clients will meet it.
"""

import asyncio
from pathlib import Path

from pipeline.providers import FunctionCall
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.signals import Digit, HearingLost, Limits, Permissions, TransferFailed
from tests.drive.call import LAST_WORDS_MS, Call, ObservedSession, words
from tests.drive.cascade import Model, Recogniser
from tests.drive.client import answers, asks
from tests.drive.quick_loop import quickly
from tests.drive.recording import CLOSED, OPENED, Setting, Step, written
from tests.drive.story import APOLOGY_MS, Story

HERE = Path(__file__).parent
DINNER = Setting(
    SessionConfig(model="scripted/dinner", tools=(FunctionTool(name="lookup"),)),
    Permissions(hang_up=True),
    Limits(),
    LAST_WORDS_MS,
)
TROUBLE = Setting(
    SessionConfig(),
    Permissions(transfer_targets={"sales": "sip:sales@example.com"}),
    Limits(transcript_ms=1_000, progress_ms=2_000),
    APOLOGY_MS,
)


async def dinner() -> list[Step]:
    """A worker's whole call: greeting, a look-up, an interruption, keys and goodbye."""
    model = Model(
        words("Good evening. What can I do for you?"),
        [*words("Let me see."), FunctionCall("call_1", "lookup", '{"people": 2}')],
        words("Yes, there is one at eight. Shall I write it down for you, or would you rather wait?"),
        words("Then please enter your number."),
        [*words("Thank you. Goodbye."), FunctionCall("call_2", "hang_up", "{}")],
    )
    recogniser = Recogniser("a table for two please", "eight is fine")
    async with Call(recogniser, model, config=DINNER.config, more={"permissions": DINNER.permissions}).runs() as call:
        await call.until(lambda: call.line.played_ms > 1_500)
        await call.ends_a_turn(1_200)
        await call.is_answered(within_s=5)
        await call.until(lambda: not call.line.queued_ms)
        call.worker.post(answers("call_1", '{"free": "20:00"}'))
        call.worker.post(asks())
        await call.is_answered(within_s=5)
        await asyncio.sleep(1.5)
        await call.ends_a_turn(800)
        await call.is_answered(within_s=5)
        for digit in "42#":
            call.worker.post(Digit(digit, 1_700_000_000))
        await call.until(lambda: call.asked)
        session = call.session
    return steps_of(session)


def steps_of(session: ObservedSession) -> list[Step]:
    return [(OPENED, session.opening), *session.steps, (CLOSED, session.closing)]


def trouble() -> list[Step]:
    """A story in which most things go wrong: a model that fails and stalls, a lost transcript, a transfer, deafness."""
    call = Story(TROUBLE.config, kind=ObservedSession, permissions=TROUBLE.permissions, limits=TROUBLE.limits)
    session = call.session
    assert isinstance(session, ObservedSession)
    call.agent_greets()
    call.caller_says("hello")
    call.model_says("Good evening. I ")
    call.model_fails()
    call.voice_speaks(500)
    call.passes(700)
    call.caller_says("hello")
    call.passes(2_100)
    call.voice_speaks(400)
    call.passes(400)
    call.caller_speaks(100)
    call.caller_stops()
    call.recogniser_hears("")
    call.passes(700)
    call.caller_speaks(600)
    call.caller_stops()
    call.passes(1_100)
    call.unheard()
    call.voice_speaks(200)
    call.passes(500)
    call.caller_says("sales please")
    call.model_calls("transfer", '{"target": "sales"}')
    call.model_ends()
    call.passes(500)
    call.tell(TransferFailed(486, "busy"))
    call.agent_says("They are busy.", ms=400)
    call.passes(200)
    call.tell(HearingLost("unreachable"))
    call.passes(2_000)
    session.closed()
    return steps_of(session)


if __name__ == "__main__":
    for name, setting, steps in (("dinner", DINNER, quickly(dinner)), ("trouble", TROUBLE, trouble())):
        (HERE / f"{name}.jsonl").write_text(written(setting, steps), encoding="utf-8")
