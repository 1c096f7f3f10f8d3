"""A worker carries a call from the first frame to the last."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

import pytest

from pipeline.hearing import LONGEST_RETRY_S, OUTAGE_S, TRIES
from pipeline.making import AHEAD_MS
from pipeline.providers import FunctionCall, Transcript
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import (
    ItemTruncated,
    PlayoutStopped,
    ResponseCreated,
    ResponseDone,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptFailed,
)
from pipeline.realtime.ours import TurnTimeline
from pipeline.signals import EndCall, Greet, Permissions, TransferCall, TransferFailed
from tests.drive.call import LAST_WORDS_NUMBER, Call, words
from tests.drive.cascade import Faults, Model, Recogniser, Voice, now_s
from tests.drive.quick_loop import quickly

LONG = "Welcome to our house. We open at six. Then we close at eleven. You may bring your dog. Is that so? It is."


def test_the_agent_greets_and_answers() -> None:
    async def story() -> tuple[list[str], list[str]]:
        model = Model(words("Good evening."), words("A table, certainly."))
        async with Call(Recogniser("a table please"), model).runs() as call:
            await call.until(lambda: call.line.played_ms == 800)
            await call.speaks(600)
            await call.until(lambda: len(call.line.heard_s) == 2)
            return call.voice.texts, model.said(2)

    assert quickly(story) == (["Good evening.", "A table, certainly."], ["Good evening.", "a table please"])


def test_a_listener_makes_the_agent_wait_and_go_on_with_nothing_lost() -> None:
    async def story() -> tuple[int, int, int, list[str]]:
        async with Call(Recogniser("uh-huh"), Model(words(LONG))).runs() as call:
            await call.until(lambda: call.line.played_ms == 1_000)
            await call.speaks(200)
            await call.until(lambda: call.line.paused)
            stood_at_ms = call.line.played_ms
            await call.until(lambda: call.has_seen(PlayoutStopped, 1))
            return stood_at_ms, call.line.flushed, sum(call.line.heard_ms.values()), call.voice.texts

    stood_at_ms, flushed, heard_ms, texts = quickly(story)

    assert 1_000 <= stood_at_ms <= 1_100
    assert (flushed, heard_ms) == (0, sum(200 * -(-60 * len(text) // 200) for text in texts))


def test_the_first_sentence_is_heard_while_the_model_still_thinks() -> None:
    async def story() -> None:
        async with Call(model=Model(words(LONG), delta_s=0.2)).runs() as call:
            heard_s = await call.until(lambda: call.line.heard_s)
            assert not call.model.ended_s
            ended_s = await call.until(lambda: call.model.ended_s)
            assert call.voice.began_s[0] < heard_s < ended_s

    quickly(story)


def test_the_first_chunk_is_heard_while_the_voice_still_speaks() -> None:
    async def story() -> None:
        async with Call(voice=Voice(first_s=0.1, chunk_s=0.15)).runs() as call:
            heard_s = await call.until(lambda: call.line.heard_s)
            assert not call.voice.ended_s
            assert heard_s - call.voice.began_s[0] == pytest.approx(0.12, abs=0.021)

    quickly(story)


def test_a_fast_voice_runs_ahead_of_the_ear_by_no_more_than_it_may() -> None:
    async def story() -> int:
        async with Call(model=Model(words(LONG)), voice=Voice(first_s=0.0, chunk_s=0.0)).runs() as call:
            await call.until(lambda: len(call.voice.ended_s) == 6)
            return call.line.most_queued_ms

    assert AHEAD_MS <= quickly(story) <= AHEAD_MS + 200


def test_the_caller_interrupts_and_is_answered() -> None:
    async def story() -> None:
        async with Call(Recogniser("stop"), Model(words(LONG), words("Very well."))).runs() as call:
            await call.until(lambda: call.line.played_ms > 1_000)
            began_s = now_s()
            await call.speaks(700)
            silent_s = call.line.last_heard_s
            assert (call.model.open, call.voice.open) == (0, 0)
            await call.until(lambda: len(call.model.prompts) == 2)
            await call.until(lambda: call.line.last_heard_s > silent_s)

            assert silent_s - began_s <= 0.08
            assert call.voice.texts[-1] == "Very well."
            assert len(call.times_of(ItemTruncated)) == 1

    quickly(story)


def test_nothing_that_was_cut_is_heard_later() -> None:
    async def story() -> None:
        async with Call(Recogniser("stop"), Model(words(LONG), words("Very well."))).runs() as call:
            await call.until(lambda: call.line.played_ms > 1_000)
            await call.speaks(700)
            cut = dict(call.line.heard_ms)
            await call.until(lambda: len(call.line.heard_ms) > len(cut))
            await asyncio.sleep(5)

            assert {number: call.line.heard_ms[number] for number in cut} == cut

    quickly(story)


def test_the_goodbye_is_heard_before_the_call_ends() -> None:
    async def story() -> None:
        model = Model([*words("Goodbye."), FunctionCall("call_1", "hang_up", "{}")])
        async with Call(model=model, more={"permissions": Permissions(hang_up=True)}).runs() as call:
            await call.until(lambda: call.asked)

            assert call.asked[0][1] == EndCall("us", "agent_hung_up")
            assert call.line.played_ms == 600

    quickly(story)


def test_a_transfer_reaches_the_owner_of_the_call() -> None:
    async def story() -> None:
        permissions = Permissions(transfer_targets={"sales": "sip:sales@example.com"})
        model = Model([*words("One moment."), FunctionCall("call_1", "transfer", '{"target": "sales"}')])
        async with Call(model=model, more={"permissions": permissions}).runs() as call:
            await call.until(lambda: call.asked)
            assert call.asked[0][1] == TransferCall("sip:sales@example.com")

    quickly(story)


def test_every_stage_of_a_turn_has_its_time() -> None:
    async def story() -> None:
        async with Call(model=Model(words("Good evening. How are you today?"))).runs(greet=False) as call:
            await call.speaks(600)
            await call.until(lambda: call.times_of(TurnTimeline))
            await asyncio.sleep(5)

            [stages] = [event.stages for _, event in call.observed if isinstance(event, TurnTimeline)]
            names = [
                "speech_end", "turn_decided", "transcript_final", "asked", "first_token", "first_speech", "queued",
            ]  # fmt: skip
            assert list(stages) == names
            assert sorted(stages.values()) == list(stages.values())
            assert stages["turn_decided"] - stages["speech_end"] == pytest.approx(500)
            assert stages["transcript_final"] - stages["turn_decided"] == pytest.approx(100)
            assert stages["first_token"] - stages["asked"] == pytest.approx(50)

    quickly(story)


def test_a_caller_who_speaks_while_the_recogniser_connects_is_heard_from_the_beginning() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello", connect_s=2.0)
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(600)
            await call.until(lambda: call.times_of(TranscriptCompleted))

            assert [[(utterance, speech) for utterance, speech, _ in heard] for heard in recogniser.heard] == [
                [(1, 30)]
            ]

    quickly(story)


def test_an_utterance_reaches_back_as_far_as_it_is_padded() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello")
        async with Call(recogniser).runs(greet=False) as call:
            await asyncio.sleep(1)
            await call.speaks(600)
            await call.until(lambda: call.times_of(TranscriptCompleted))

            assert recogniser.heard == [[(1, 30, (300 + 500) // 20)]]

    quickly(story)


def test_a_recogniser_that_breaks_off_hears_the_utterance_again_as_a_whole() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello")
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(400)
            recogniser.break_off()
            await call.speaks(600)
            await call.until(lambda: call.times_of(TranscriptCompleted))

            assert [number for number, *_ in recogniser.heard[1]] == [1]
            assert recogniser.heard[1][0][1] == 50
            assert recogniser.opened == 2

    quickly(story)


def test_an_utterance_that_waits_for_its_transcript_is_heard_again_too() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello", final_s=0.3)
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(400)
            await call.until(lambda: call.times_of(SpeechStopped))
            recogniser.break_off()
            await call.until(lambda: call.times_of(TranscriptCompleted))

            assert [number for number, *_ in recogniser.heard[1]] == [1]
            await call.until(lambda: call.model.prompts)

    quickly(story)


def test_an_utterance_too_long_to_be_kept_is_asked_for_again_and_never_heard_in_part() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello")
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(25_000)
            recogniser.break_off()
            await call.ends_a_turn(2_000)
            await call.is_answered(within_s=1.0)

            assert recogniser.heard[1] == []
            assert not call.model.prompts

    quickly(story)


@pytest.mark.parametrize("moment", ["before the turn has ended", "while its transcript is owed"])
def test_a_long_utterance_that_is_lost_is_asked_for_again_at_once(moment: str) -> None:
    async def story() -> None:
        recogniser = Recogniser("hello", final_s=2.0)
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(25_000)
            if moment == "while its transcript is owed":
                await call.ends_a_turn(20)
            recogniser.break_off(reconnect_s=30.0)
            if moment == "before the turn has ended":
                await call.ends_a_turn(20)
            await call.is_answered(within_s=0.5)

            assert call.has_seen(TranscriptFailed, 1)
            assert not call.model.prompts

    quickly(story)


def test_a_recogniser_that_ends_without_a_reason_is_connected_again() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello")
        async with Call(recogniser).runs(greet=False) as call:
            await asyncio.sleep(1)
            recogniser.end_quietly()
            await call.speaks(400)
            await call.until(lambda: call.times_of(TranscriptCompleted))

            assert recogniser.opened == 2

    quickly(story)


def test_a_recogniser_that_imagines_things_is_not_believed() -> None:
    async def story() -> None:
        recogniser = Recogniser("hello")
        async with Call(recogniser).runs(greet=False) as call:
            await asyncio.sleep(1)
            recogniser.imagine(Transcript(0, "a", final=False), Transcript(7, "b", final=True))
            await call.speaks(400)
            await call.until(lambda: call.model.prompts)

            assert call.model.said(1) == ["hello"]

    quickly(story)


def test_a_deaf_agent_who_gets_the_caller_back_says_so_and_leaves() -> None:
    async def story() -> None:
        recogniser = Recogniser("sales please")
        permissions = Permissions(transfer_targets={"sales": "sip:sales@example.com"})
        model = Model([FunctionCall("call_1", "transfer", '{"target": "sales"}')], words("They do not answer."))
        async with Call(recogniser, model, more={"permissions": permissions}).runs() as call:
            await call.until(lambda: call.asked)
            recogniser.faults = Faults(1, for_ever=True)
            recogniser.break_off()
            await asyncio.sleep(1)
            call.worker.post(TransferFailed(486))
            await call.until(lambda: call.line.heard_s)
            await call.speaks(400)
            await call.until(lambda: len(call.asked) == 2)

            assert call.asked[1][1] == EndCall("provider", "stt_unreachable")

    quickly(story)


def test_a_recogniser_that_is_gone_for_good_ends_the_call_after_last_words() -> None:
    async def story() -> None:
        recogniser = Recogniser(faults=Faults(at=1, for_ever=True, retryable=True))
        async with Call(recogniser).runs(greet=False) as call:
            await call.until(lambda: call.asked)

            [(ended_s, act)] = call.asked
            assert act == EndCall("provider", "stt_unreachable")
            assert call.line.heard_ms == {LAST_WORDS_NUMBER: 1_000}
            assert recogniser.faults.steps > TRIES
            assert ended_s == pytest.approx(1.0 + OUTAGE_S, abs=LONGEST_RETRY_S)

    quickly(story)


def test_a_caller_who_speaks_is_not_left_unheard_for_as_long() -> None:
    async def story() -> float:
        recogniser = Recogniser(faults=Faults(at=1, for_ever=True, retryable=True))
        async with Call(recogniser).runs(greet=False) as call:
            await call.speaks(400)
            await call.until(lambda: call.asked)
            return call.asked[0][0]

    assert quickly(story) < 1.0 + OUTAGE_S / 4


def test_an_outage_of_all_recognisers_while_nobody_speaks_goes_by_unnoticed() -> None:
    first, second = Recogniser("a table please"), Recogniser("a table please")

    async def story() -> list[str]:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await asyncio.sleep(1.0)
            first.faults, second.faults = (Faults(1, for_ever=True, retryable=True) for _ in range(2))
            first.break_off()
            await asyncio.sleep(5.0)
            first.faults, second.faults = Faults(), Faults()
            await asyncio.sleep(LONGEST_RETRY_S)
            await call.ends_a_turn(600)
            await call.until(lambda: call.model.prompts)
            return call.model.said(1)

    assert quickly(story) == ["a table please"]


def test_a_recogniser_that_refuses_is_not_asked_again() -> None:
    async def story() -> int:
        recogniser = Recogniser(faults=Faults(at=1, for_ever=True, reason="refused"))
        async with Call(recogniser).runs(greet=False) as call:
            await call.until(lambda: call.asked)
            return recogniser.faults.steps

    assert quickly(story) == 1


def test_a_recogniser_that_breaks_off_now_and_then_is_connected_again_and_again() -> None:
    async def story() -> None:
        recogniser = Recogniser(*["hello"] * 8)
        async with Call(recogniser).runs(greet=False) as call:
            for _ in range(5):
                understood = len(call.times_of(TranscriptCompleted))
                await call.speaks(400)
                await call.until(partial(call.has_seen, TranscriptCompleted, understood + 1))
                recogniser.break_off()
                await asyncio.sleep(3)

            assert call.asked == []
            assert recogniser.opened == 6

    quickly(story)


@pytest.mark.parametrize(("retryable", "asked"), [(True, 2), (False, 1)])
def test_a_model_that_fails_before_its_first_word_is_asked_once_more_where_that_may_help(
    retryable: bool, asked: int
) -> None:
    async def story() -> int:
        model = Model(words("Good evening."), faults=Faults(at=1, retryable=retryable))
        async with Call(model=model).runs() as call:
            await call.until(lambda: call.line.heard_s)
            return len(model.prompts)

    assert quickly(story) == asked


def test_a_model_that_fails_after_its_first_word_is_not_asked_again() -> None:
    async def story() -> None:
        model = Model(words("Good evening. And"), faults=Faults(at=4, retryable=True))
        async with Call(model=model).runs() as call:
            await call.until(lambda: call.times_of(ResponseDone))
            assert len(model.prompts) == 1
            assert "".join(call.voice.texts).startswith("Good evening. I am sorry,")

    quickly(story)


def test_a_voice_that_fails_before_its_first_sound_tries_once_more() -> None:
    async def story() -> None:
        voice = Voice(faults=Faults(at=2, retryable=True))
        async with Call(model=Model(words("Good evening.")), voice=voice).runs() as call:
            await call.until(lambda: call.line.played_ms == 800)
            assert (voice.texts, call.asked) == (["Good evening."] * 2, [])

    quickly(story)


def test_what_happened_before_the_worker_ran_is_not_lost() -> None:
    async def story() -> None:
        call = Call()
        call.worker.post(Greet())
        call.line.tick()
        call.worker.wake()
        async with call.runs(greet=False):
            await call.until(lambda: call.line.heard_s)
            assert call.times_of(ResponseCreated) == [0.0]

    quickly(story)


def test_a_reply_that_is_made_leaves_no_task_behind() -> None:
    async def story() -> None:
        async with Call().runs() as call:
            await call.is_answered(within_s=2.0)
            at_work = []
            for _ in range(3):
                await call.until(lambda: call.voice.open == 0 and call.line.queued_ms == 0)
                at_work.append(len(asyncio.all_tasks()))
                await call.ends_a_turn(400)
                await call.is_answered(within_s=2.0)

            assert at_work == [at_work[0]] * 3

    quickly(story)


def test_a_worker_that_is_cancelled_closes_what_is_open() -> None:
    async def story() -> None:
        async with Call(model=Model(words(LONG))).runs() as call:
            await call.until(lambda: call.line.played_ms > 500)
            assert call.times_of(ResponseDone) == []
        assert len(call.times_of(ResponseDone)) == 1
        assert call.line.queued_ms == 0

    quickly(story)


class OwnError(Exception):
    """A fault of ours, as opposed to a provider's."""


class BrokenVoice(Voice):
    """Raises what no provider may raise."""

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        async for chunk in super().speak(text, voice, speed):
            yield chunk
            raise OwnError


def test_a_fault_of_ours_in_a_task_is_what_run_raises() -> None:
    async def story() -> None:
        call = Call(voice=BrokenVoice())
        call.worker.post(Greet())
        with pytest.raises(OwnError):
            await call.worker.run()
        assert (call.recogniser.open, call.model.open, call.voice.open) == (0, 0, 0)

    quickly(story)


def test_a_fault_of_ours_where_events_are_observed_is_what_run_raises() -> None:
    async def story() -> None:
        call = Call()

        def refuse(event: object) -> None:
            raise OwnError

        call.worker._observe = refuse
        with pytest.raises(OwnError):
            await call.worker.run()
        assert (call.recogniser.open, call.model.open, call.voice.open) == (0, 0, 0)

    quickly(story)


def test_a_session_that_writes_needs_no_voice() -> None:
    async def story() -> None:
        async with Call(config=SessionConfig(output_modalities=("text",))).runs() as call:
            await call.until(lambda: call.times_of(ResponseDone))
            assert (call.voice.texts, call.times_of(SpeechStarted)) == ([], [])

    quickly(story)
