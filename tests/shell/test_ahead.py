"""A worker's model works ahead of the turn's end, and whatever becomes of that is heard once or never."""

from functools import partial

import pytest

from pipeline.ahead import MOST_KEPT
from pipeline.manners import Manners
from pipeline.providers import Delta, FunctionCall, TextDelta, Transcript
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.realtime.events import (
    FunctionArgumentsDone,
    ItemAdded,
    OutputTextDone,
    ResponseCreated,
    ResponseDone,
    SpeechStopped,
)
from pipeline.realtime.ours import TurnTimeline
from pipeline.signals import EndCall, Permissions, Setting
from tests.drive.call import Call, words
from tests.drive.cascade import Faults, Model, Recogniser, now_s
from tests.drive.client import becomes
from tests.drive.quick_loop import quickly

YES = words("Certainly. For what time?")
NO = words("No, we are closed.")
FREELY = {"setting": Setting(manners=Manners(speculation=1.0))}
SLOW_S = 0.3
"""A model's token takes less time than the model has ahead of the turn's end."""


async def says(call: Call, text: str, utterance: int = 1) -> None:
    """The caller speaks, and so much is understood of it when they fall silent."""
    await call.speaks(600)
    call.recogniser.imagine(Transcript(utterance, text, final=False))


async def is_begun_ahead(call: Call, nth: int = 1) -> None:
    """The model is at work though the turn is not over."""
    turns = len(call.times_of(SpeechStopped))
    await call.until(lambda: len(call.model.prompts) == nth)
    assert len(call.times_of(SpeechStopped)) == turns


def heard_pieces(call: Call) -> list[str]:
    """What the caller has heard, piece by piece."""
    return [call.voice.texts[number - 1] for number in call.line.heard_s]


def outcomes(call: Call) -> list[str]:
    """What became of the model's replies so far."""
    return [spent.outcome for spent in call.spent]


def test_an_answer_that_was_foreseen_is_heard_sooner_and_asked_for_once() -> None:
    async def story(guess: str) -> tuple[float, int]:
        model = Model(YES, delta_s=SLOW_S)
        async with Call(Recogniser("A table, please."), model).runs(greet=False) as call:
            await says(call, guess)
            silent_s = now_s()
            await call.until(lambda: call.line.heard_s)
            return now_s() - silent_s, len(call.model.prompts)

    foreseen_s, asked = quickly(lambda: story("a table please"))
    unforeseen_s, asked_then = quickly(lambda: story(""))

    assert (asked, asked_then) == (1, 1)
    assert unforeseen_s - foreseen_s == pytest.approx(SLOW_S, abs=0.02)


def test_nothing_of_it_is_seen_before_the_turn_is_decided() -> None:
    async def story() -> None:
        async with Call(Recogniser("a table please"), Model(YES, delta_s=0.01)).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
            await call.until(lambda: call.model.ended_s)
            assert (call.times_of(ResponseCreated), call.times_of(SpeechStopped), call.voice.texts) == ([], [], [])
            await call.until(lambda: call.times_of(ResponseDone))

            assert call.voice.texts == ["Certainly.", " For what time?"]
            assert outcomes(call) == ["adopted"]

    quickly(story)


def test_the_turn_tells_when_its_answer_was_begun() -> None:
    async def story() -> None:
        async with Call(Recogniser("a table please"), Model(YES)).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
            begun_ms = now_s() * 1_000
            await call.until(lambda: call.times_of(TurnTimeline))

            [stages] = [event.stages for _, event in call.observed if isinstance(event, TurnTimeline)]
            assert list(stages)[:5] == ["speech_end", "foreseen", "turn_decided", "transcript_final", "asked"]
            assert stages["foreseen"] == pytest.approx(begun_ms, abs=20)

    quickly(story)


def test_a_final_transcript_of_other_words_is_answered_instead() -> None:
    async def story() -> None:
        model = Model(YES, NO)
        async with Call(Recogniser("a table for today please"), model).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
            await call.until(lambda: len(model.prompts) == 2)
            await call.until(lambda: call.times_of(ResponseDone))

            assert (model.said(2), model.open) == (["a table for today please"], 0)
            assert call.voice.texts == ["No, we are closed."]
            assert outcomes(call) == ["dropped", "asked"]

    quickly(story)


def test_a_caller_who_goes_on_ends_the_models_work() -> None:
    async def story() -> None:
        model = Model(YES, NO, delta_s=5.0)
        call = Call(Recogniser("a table please today"), model, more=FREELY)
        async with call.runs(greet=False):
            await says(call, "a table please")
            await is_begun_ahead(call)
            await says(call, "a table please today")
            await call.until(lambda: model.open == 0)
            await is_begun_ahead(call, 2)
            await call.until(lambda: call.line.heard_s)

            assert call.voice.texts == ["No, we are closed."]

    quickly(story)


def test_a_foreseen_function_is_called_when_the_turn_is_decided_and_not_before() -> None:
    async def story() -> None:
        model = Model([*words("Goodbye."), FunctionCall("call_1", "hang_up", "{}")], delta_s=0.01)
        call = Call(Recogniser("goodbye"), model, more={"permissions": Permissions(hang_up=True)})
        async with call.runs(greet=False):
            await says(call, "goodbye")
            await is_begun_ahead(call)
            await call.until(lambda: model.ended_s)
            assert (call.times_of(SpeechStopped), call.times_of(ItemAdded), call.asked) == ([], [], [])
            await call.until(lambda: call.asked)

            assert call.asked[0][1] == EndCall("us", "agent_hung_up")
            assert len(model.prompts) == 1

    quickly(story)


def test_a_foreseen_function_is_not_called_when_the_turn_is_another() -> None:
    async def story() -> None:
        model = Model([FunctionCall("call_1", "lookup", "{}")], NO, delta_s=0.01)
        call = Call(
            Recogniser("goodbye or rather not"), model, config=SessionConfig(tools=(FunctionTool(name="lookup"),))
        )
        async with call.runs(greet=False):
            await says(call, "goodbye")
            await is_begun_ahead(call)
            await call.until(lambda: call.times_of(ResponseDone))

            assert call.times_of(FunctionArgumentsDone) == []
            assert call.voice.texts == ["No, we are closed."]

    quickly(story)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_model_that_fails_ahead_of_time_fails_unnoticed(at: int) -> None:
    async def story() -> None:
        model = Model(YES, YES, delta_s=0.01, faults=Faults(at))
        async with Call(Recogniser("a table please"), model).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
            await call.until(lambda: call.times_of(ResponseDone))

            assert call.voice.texts == ["Certainly.", " For what time?"]
            assert outcomes(call) == ["failed", "asked"]

    quickly(story)


def test_a_model_that_fails_after_the_turn_is_excused_as_ever() -> None:
    async def story() -> None:
        model = Model(YES, delta_s=SLOW_S, faults=Faults(at=4))
        async with Call(Recogniser("a table please"), model).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
            await call.until(lambda: call.times_of(ResponseDone))

            assert [text.strip() for text in call.voice.texts] == [
                "Certainly.",
                "I am sorry, something went wrong on my side.",
                "Could you say that again, please?",
            ]

    quickly(story)


def test_a_model_that_breaks_off_is_continued_by_the_next_as_ever() -> None:
    async def story() -> None:
        first, second = Model(YES, delta_s=SLOW_S, faults=Faults(at=4)), Model(words("what time?"))
        call = Call(Recogniser("a table please"), first, second=(None, second, None))
        async with call.runs(greet=False):
            await says(call, "a table please")
            await is_begun_ahead(call)
            await call.until(lambda: call.times_of(ResponseDone))

            assert "".join(call.voice.texts) == "Certainly. For what time?"

    quickly(story)


def test_an_answer_that_is_interrupted_ends_the_models_work() -> None:
    async def story() -> None:
        model = Model(words("Certainly. " + "We have many tables. " * 20), delta_s=SLOW_S)
        async with Call(Recogniser("a table please", "stop"), model).runs(greet=False) as call:
            await says(call, "a table please")
            await call.until(lambda: call.line.heard_s)
            assert model.open == 1
            await call.speaks(1_000)

            assert model.open == 0
            assert outcomes(call) == ["adopted"]

    quickly(story)


def test_a_call_that_ends_takes_what_is_foreseen_with_it() -> None:
    async def story() -> Call:
        async with Call(Recogniser("a table please"), Model(YES, delta_s=5.0)).runs(greet=False) as call:
            await says(call, "a table please")
            await is_begun_ahead(call)
        return call

    assert outcomes(quickly(story)) == ["dropped"]


def test_a_long_reply_waits_until_it_is_wanted_and_is_whole() -> None:
    async def story() -> None:
        reply: list[Delta] = [TextDelta(f"{nth} ") for nth in range(2 * MOST_KEPT)]
        model = Model(reply, delta_s=0.0)
        config = SessionConfig(output_modalities=("text",))
        async with Call(Recogniser("count please", final_s=2.0), model, config=config).runs(greet=False) as call:
            await says(call, "count please")
            await is_begun_ahead(call)
            await call.until(lambda: call.times_of(ResponseDone))

            assert model.ended_s[0] >= call.times_of(SpeechStopped)[0] + 2.0
            said = [event.text for _, event in call.observed if isinstance(event, OutputTextDone)]
            assert said == ["".join(f"{nth} " for nth in range(2 * MOST_KEPT))]

    quickly(story)


def test_other_providers_begin_anew() -> None:
    async def story() -> None:
        model = Model(YES, NO)
        call = Call(Recogniser("a table please"), model)
        async with call.runs(greet=False):
            await says(call, "a table please")
            await is_begun_ahead(call)
            call.worker.post(becomes(SessionConfig(instructions="Refuse.")))
            await call.until(lambda: call.times_of(ResponseDone))

            assert model.prompts[1].instructions == "Refuse."
            assert call.voice.texts == ["No, we are closed."]

    quickly(story)


def test_a_model_that_is_not_worth_it_is_asked_when_it_is_due() -> None:
    async def story() -> None:
        call = Call(Recogniser("a table please"), Model(YES), foresees=False)
        async with call.runs(greet=False):
            await says(call, "a table please")
            await call.until(lambda: call.model.prompts)

            assert call.times_of(SpeechStopped)
            assert outcomes(call) == []

    quickly(story)


def test_who_wastes_too_much_waits_until_enough_was_of_use() -> None:
    async def story() -> list[str]:
        texts = ["one two", "three four", "five six", "seven eight"]
        recogniser, model = Recogniser(*texts), Model(NO, delta_s=0.01)
        setting = Setting(manners=Manners(speculation=0.2))
        async with Call(recogniser, model, more={"setting": setting}).runs(greet=False) as call:
            for nth, guess in enumerate(["one", "three", "five", "seven eight"], start=1):
                await says(call, guess, nth)
                await call.until(partial(call.has_seen, ResponseDone, nth))
                await call.until(lambda: not call.line.queued_ms)
            return outcomes(call)

    assert quickly(story) == ["dropped", "asked", "held_back", "asked", "held_back", "asked", "adopted"]
