"""A worker asks how the caller sounds in a pause, and goes on without an answer that does not come."""

import pytest

from pipeline.realtime.config import Audio, AudioInput, SemanticVad, ServerVad, SessionConfig, TurnDetection
from pipeline.realtime.events import SpeechStopped
from pipeline.realtime.ours import TurnDecided, TurnGrounds, TurnTimeline
from pipeline.sounding import KEPT_MS, Judged
from tests.drive.call import Call
from tests.drive.cascade import Judge
from tests.drive.quick_loop import quickly

PADDING_MS = 300
ASKED_AFTER_MS = 140


def listening(judge: Judge | None, detection: TurnDetection | None = None) -> Call:
    """The recogniser gives no partials, so that the words leave every pause open."""
    config = SessionConfig(audio=Audio(input=AudioInput(turn_detection=detection or SemanticVad())))
    return Call(judge=judge, config=config)


def grounds_of(call: Call) -> list[TurnGrounds]:
    return [event.grounds for _, event in call.observed if isinstance(event, TurnDecided)]


def after_one_turn(judge: Judge | None, detection: TurnDetection | None = None, ms: int = 1_000) -> TurnGrounds:
    """Why the turn was over, and when."""
    [grounds] = grounds_of(a_turn(judge, detection, ms))
    return grounds


def a_turn(judge: Judge | None, detection: TurnDetection | None = None, ms: int = 1_000) -> Call:
    """A call on which the caller has taken one turn."""

    async def story() -> Call:
        async with listening(judge, detection).runs(greet=False) as call:
            await call.ends_a_turn(ms)
            return call

    return quickly(story)


def test_a_caller_who_sounds_finished_is_answered_sooner_and_one_who_does_not_later() -> None:
    unheard, over, open_ = (after_one_turn(judge) for judge in (None, Judge(0.97), Judge(0.03)))

    assert over.silence_ms < unheard.silence_ms < open_.silence_ms
    assert (unheard.why, over.why, open_.why) == ("silence", "sound", "silence")
    assert (unheard.sound, over.sound, open_.sound) == (None, 0.97, 0.03)


@pytest.mark.parametrize(("said_ms", "heard_ms"), [(1_000, 1_000 + ASKED_AFTER_MS), (20_000, KEPT_MS)])
def test_the_judge_hears_the_utterance_and_the_silence_after_it(said_ms: int, heard_ms: int) -> None:
    judge = Judge(0.97)

    after_one_turn(judge, ms=said_ms)

    assert judge.heard_ms == [heard_ms]


def test_what_was_said_before_is_not_judged_again() -> None:
    judge = Judge(0.97, 0.97)

    async def story() -> None:
        async with listening(judge).runs(greet=False) as call:
            await call.ends_a_turn(3_000)
            await call.ends_a_turn(1_000)

    quickly(story)

    assert judge.heard_ms[1] <= PADDING_MS + 1_000 + ASKED_AFTER_MS


def test_a_judgement_that_comes_too_late_is_called_off_and_the_turn_ends_without() -> None:
    judge = Judge(0.03, judges_s=60.0)

    assert after_one_turn(judge).silence_ms == after_one_turn(None).silence_ms
    assert judge.called_off == 1


def test_a_judge_who_cannot_tell_changes_nothing() -> None:
    assert after_one_turn(Judge(None)) == after_one_turn(None)


@pytest.mark.parametrize(
    ("judge", "became"),
    [(Judge(0.97), "given"), (Judge(None), "not_given"), (Judge(0.03, judges_s=60.0), "called_off")],
    ids=["in time", "overloaded", "too late"],
)
def test_what_becomes_of_each_question_is_told_once(judge: Judge, became: Judged) -> None:
    assert a_turn(judge).judged == [became]


def test_nobody_is_asked_under_server_vad() -> None:
    judge = Judge()

    assert after_one_turn(judge, ServerVad(silence_duration_ms=400)).silence_ms == 400
    assert judge.heard_ms == []


def test_an_answer_tells_why_its_turn_was_over() -> None:
    async def story() -> None:
        async with listening(Judge(0.97)).runs(greet=False) as call:
            await call.ends_a_turn(1_000)
            await call.until(lambda: call.times_of(TurnTimeline))
            [timeline] = [event for _, event in call.observed if isinstance(event, TurnTimeline)]
            [stopped] = [event for _, event in call.observed if isinstance(event, SpeechStopped)]

            assert [timeline.grounds] == grounds_of(call)
            assert grounds_of(call)[0].item_id == stopped.item_id

    quickly(story)
