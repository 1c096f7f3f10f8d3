"""The same call again and again, each time with a provider that fails one step later.

Whatever fails, nothing is left open, and the caller hears a voice after speaking, or the call ends and says whose
fault it was.
"""

from functools import cache, partial

import pytest

from pipeline.providers import FunctionCall, Reason
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.signals import EndCall
from tests.drive.call import Call, words
from tests.drive.cascade import Faults, Model, Recogniser, Voice
from tests.drive.quick_loop import quickly

LAYERS = ("stt", "llm", "tts")
PATIENCE_S = 40.0


def a_call(**faults: Faults) -> Call:
    """A greeting, and two turns of which the first looks something up that nobody answers."""
    return Call(
        Recogniser("is there a table", "are you there", "hello", faults=faults.get("stt")),
        Model(
            words("Good evening. What can I do for you?"),
            [*words("Let me see."), FunctionCall("call_1", "lookup", "{}")],
            words("One moment please. I am still looking."),
            faults=faults.get("llm"),
        ),
        Voice(faults=faults.get("tts")),
        config=SessionConfig(tools=(FunctionTool(name="lookup"),)),
    )


async def tell(call: Call) -> None:
    """The story; each turn of the caller ends in a voice, or the call ends."""
    async with call.runs():
        await call.is_answered(PATIENCE_S)
        for _ in range(2):
            if call.asked:
                break
            await call.ends_a_turn(600)
            await call.is_answered(PATIENCE_S)
        assert {act.by for _, act in call.asked if isinstance(act, EndCall)} <= {"provider"}


@cache
def steps_of(layer: str) -> int:
    """How many steps a layer takes in a call in which nothing fails."""
    call = a_call()
    quickly(partial(tell, call))
    assert call.asked == []
    faults = {"stt": call.recogniser.faults, "llm": call.model.faults, "tts": call.voice.faults}
    return faults[layer].steps


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("retryable", [False, True], ids=["final", "retryable"])
def test_whatever_step_fails_the_caller_is_not_left_in_silence(layer: str, for_ever: bool, retryable: bool) -> None:
    steps = steps_of(layer)
    assert steps >= 3

    for at in range(1, steps + 1):
        call = a_call(**{layer: Faults(at, for_ever=for_ever, retryable=retryable)})
        quickly(partial(tell, call))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("reason", ["refused", "stalled", "limited"])
def test_a_layer_that_never_works_ends_the_call_and_is_named(layer: str, reason: Reason) -> None:
    call = a_call(**{layer: Faults(1, for_ever=True, reason=reason)})

    async def story() -> None:
        async with call.runs():
            for _ in range(4):
                await call.speaks(400)
                await call.ends(within_s=12.0)

    quickly(story)

    assert [act for _, act in call.asked] == [EndCall("provider", f"{layer}_{reason}")]


def test_a_voice_that_hangs_is_not_waited_for() -> None:
    call = a_call()
    call.voice = voice = Voice(first_s=1e9)
    call.__post_init__()

    async def story() -> None:
        async with call.runs():
            await call.until(lambda: call.asked)
        assert (voice.open, call.asked[0][1]) == (0, EndCall("provider", "tts_stalled"))

    quickly(story)


def test_a_model_that_hangs_is_excused_and_then_given_up() -> None:
    call = a_call()
    call.model = Model(words("Good evening."), delta_s=1e9)
    call.__post_init__()

    async def story() -> None:
        async with call.runs():
            await call.until(lambda: call.line.heard_s)
            for _ in range(2):
                await call.speaks(400)
                await call.ends(within_s=12.0)
        assert call.asked[0][1] == EndCall("provider", "llm_stalled")

    quickly(story)
