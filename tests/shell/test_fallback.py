"""Providers stand in for one another within a turn."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import numpy as np
import pytest

from pipeline.audio import WIDE_HZ, speech_ms
from pipeline.fallback.breaker import FAILURES, REST_MS
from pipeline.fallback.model import GO_ON, FallbackModel
from pipeline.fallback.race import LLM_PATIENCE, TTS_PATIENCE, Candidate, willing
from pipeline.fallback.voice import FallbackVoice, Speaker
from pipeline.hearing import FINAL_WITHIN_S, RETRY_S, Ear
from pipeline.providers import (
    AT_WORK,
    Delta,
    FunctionCall,
    LanguageModel,
    Message,
    Prompt,
    ProviderError,
    Reached,
    TextDelta,
)
from pipeline.realtime.events import TranscriptFailed
from tests.drive.call import Call, words
from tests.drive.cascade import Faults, Model, Recogniser, Voice, now_s
from tests.drive.quick_loop import quickly

PROMPT = Prompt("Be brief.", (Message("user", "when do you open"),))
REPLY = words("We open at nine in the morning, every day.")


async def said(models: Iterable[Model]) -> tuple[str, float]:
    """What several models say together, and how long it takes until the first word."""
    began_s, first_s, text = now_s(), 0.0, ""
    async with aclosing(FallbackModel(Candidate("llm", model) for model in models).reply(PROMPT)) as deltas:
        async for delta in deltas:
            first_s = first_s or now_s() - began_s
            text += delta.text if isinstance(delta, TextDelta) else ""
    assert not any(model.open for model in models)
    return text.strip(), first_s


def test_a_model_that_fails_is_replaced_at_once() -> None:
    text, first_s = quickly(lambda: said([Model(REPLY, faults=Faults(1)), Model(REPLY)]))

    assert (text, first_s < 0.2) == ("We open at nine in the morning, every day.", True)


def test_a_model_that_is_late_is_raced_by_the_next() -> None:
    slow, fast = Model(REPLY, delta_s=9.0), Model(REPLY)
    text, first_s = quickly(lambda: said([slow, fast]))

    assert text == "We open at nine in the morning, every day."
    assert first_s == pytest.approx(LLM_PATIENCE.first_s + 0.05)


def test_late_is_better_than_never() -> None:
    late, broken = Model(REPLY, delta_s=1.5), Model(REPLY, faults=Faults(1, for_ever=True))
    text, _ = quickly(lambda: said([late, broken]))

    assert text == "We open at nine in the morning, every day."


def test_who_loses_is_closed_also_when_nobody_wants_the_reply_any_more() -> None:
    class Lingers(Model):
        async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
            try:
                async with aclosing(super().reply(prompt)) as deltas:
                    async for delta in deltas:
                        yield delta
            finally:
                await asyncio.sleep(1.0)

    async def story() -> list[int]:
        models = [Lingers(REPLY, delta_s=9.0), Model(REPLY, delta_s=9.0), Model(REPLY)]
        saying = asyncio.create_task(said(models))
        await asyncio.sleep(2 * LLM_PATIENCE.first_s + 0.5)
        saying.cancel()
        await asyncio.wait([saying])
        return [model.open for model in models]

    assert quickly(story) == [0, 0, 0]


def test_one_who_was_only_asked_in_case_may_be_asked_again() -> None:
    late = Model(REPLY, delta_s=1.5, faults=Faults(at=4))
    spare = Model(words("open at nine."), delta_s=1.0)
    text, _ = quickly(lambda: said([late, spare]))

    assert (text, len(spare.prompts)) == ("We open at nine.", 2)


def test_a_model_that_says_nothing_is_no_winner() -> None:
    text, _ = quickly(lambda: said([Model([]), Model(REPLY)]))

    assert text == "We open at nine in the morning, every day."


def test_words_of_a_script_without_spaces_are_passed_on_at_once() -> None:
    async def story() -> list[Delta]:
        several = FallbackModel([Candidate("llm", Model([TextDelta("九時に"), TextDelta("開きます。")]))])
        return [delta async for delta in several.reply(PROMPT)]

    assert quickly(story) == [TextDelta("九時に"), TextDelta("開きます。")]


def test_a_provider_that_rests_is_asked_when_the_others_fail() -> None:
    first, second = Model(REPLY), Model(REPLY, faults=Faults(1, for_ever=True))

    async def story() -> list[Delta]:
        resting: Candidate[LanguageModel] = Candidate("first", first)
        for _ in range(FAILURES):
            resting.failed(ProviderError("first", "unreachable", retryable=True))
        several = FallbackModel([resting, Candidate("second", second)])
        return [delta async for delta in several.reply(PROMPT)]

    assert (bool(quickly(story)), len(first.prompts)) == (True, 1)


def test_models_that_all_fail_tell_of_the_last_one() -> None:
    with pytest.raises(ProviderError, match="refused"):
        quickly(lambda: said([Model(REPLY, faults=Faults(1)), Model(REPLY, faults=Faults(1, reason="refused"))]))


def test_a_model_that_breaks_off_is_continued_by_the_next() -> None:
    first = Model(REPLY, faults=Faults(at=5))
    second = Model(words("nine, every single day."))
    text, _ = quickly(lambda: said([first, second]))

    assert text == "We open at nine, every single day."
    assert second.prompts[0].turns[-2:] == (Message("assistant", "We open at"), Message("system", GO_ON))


@pytest.mark.parametrize(
    ("again", "whole"),
    [
        ("We open at nine in the morning, every day.", "We open at nine in the morning, every day."),
        ("at nine, every day.", "We open at nine, every day."),
        ("Open at ten.", "We open at ten."),
        ("We open", "We open at"),
        ("Well, nine.", "We open at Well, nine."),
    ],
)
def test_a_model_that_says_it_again_is_heard_from_where_the_first_stopped(again: str, whole: str) -> None:
    text, _ = quickly(lambda: said([Model(REPLY, faults=Faults(at=5)), Model(words(again))]))

    assert text == whole


def test_a_model_that_stops_in_mid_reply_is_continued_in_time() -> None:
    class Stops(Model):
        async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
            for delta in [TextDelta("We op"), TextDelta("en at ni")]:
                yield delta
            await asyncio.Event().wait()

    async def story() -> tuple[str, float]:
        began_s = now_s()
        text, _ = await said([Stops(REPLY), Model(words("nine."))])
        return text, now_s() - began_s

    text, took_s = quickly(story)
    assert (text, took_s < LLM_PATIENCE.next_s + 0.5) == ("We open at nine.", True)


def test_a_model_that_takes_its_time_over_a_call_is_waited_for() -> None:
    call = FunctionCall("call_1", "lookup", "{}")

    class Calls(Model):
        async def reply(self, prompt: Prompt) -> AsyncGenerator[Delta, None]:
            yield TextDelta("Let me see. ")
            for _ in range(4):
                await asyncio.sleep(LLM_PATIENCE.next_s / 2)
                yield AT_WORK
            yield call

    async def story() -> list[Delta]:
        several = FallbackModel([Candidate("first", Calls(REPLY)), Candidate("second", Model(REPLY))])
        return [delta async for delta in several.reply(PROMPT)]

    assert quickly(story) == [TextDelta("Let me see. "), *[AT_WORK] * 4, call]


def test_a_function_is_called_once_whatever_breaks_behind_it() -> None:
    first = Model([FunctionCall("call_1", "lookup", "{}"), TextDelta("One moment.")], faults=Faults(at=3))
    second = Model(REPLY)

    async def story() -> list[Delta]:
        several = FallbackModel([Candidate("first", first), Candidate("second", second)])
        return [delta async for delta in several.reply(PROMPT)]

    assert (quickly(story), second.prompts) == ([FunctionCall("call_1", "lookup", "{}")], [])


class TimedVoice(Voice):
    """Ten words a second, one chunk each, and tells when each has ended; stops for ever after `stops_after` words."""

    def __init__(
        self, stops_after: int | None = None, *, timed: bool = True, sample: int = 1, faults: Faults | None = None
    ) -> None:
        super().__init__(faults=faults)
        self._sample = sample
        self._stops_after = stops_after
        self._timed = timed

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes | Reached, None]:  # type: ignore[override]
        self.texts.append(text)
        self.open += 1
        try:
            chars = 0
            for at, word in enumerate(text.split()):
                if at == self._stops_after:
                    await asyncio.Event().wait()
                self.faults.step()
                chars = text.index(word, chars) + len(word)
                yield np.full(WIDE_HZ // 10, self._sample, dtype="<i2").tobytes()
                if self._timed:
                    yield Reached(chars, 100.0 * (at + 1))
        finally:
            self.open -= 1


SENTENCE = "We open at nine in the morning."


async def spoken(voices: list[Voice]) -> tuple[int, list[Reached], float]:
    """Audio in ms, word timings, and the longest wait for a piece."""
    audio_ms, reached, longest_s, last_s = 0, [], 0.0, now_s()
    several = FallbackVoice([Candidate("tts", Speaker(voice, str)) for voice in voices])
    async with aclosing(several.speak(SENTENCE, "", 1.0)) as pieces:
        async for piece in pieces:
            longest_s, last_s = max(longest_s, now_s() - last_s), now_s()
            if isinstance(piece, Reached):
                reached.append(piece)
            else:
                audio_ms += int(speech_ms(piece))
    assert not any(voice.open for voice in voices)
    return audio_ms, reached, longest_s


def test_a_voice_that_breaks_off_is_continued_from_the_first_unspoken_word() -> None:
    first, second = TimedVoice(faults=Faults(at=4)), TimedVoice()
    audio_ms, reached, _ = quickly(lambda: spoken([first, second]))

    assert second.texts == [" nine in the morning."]
    assert (audio_ms, [word.chars for word in reached]) == (700, [2, 7, 10, 15, 18, 22, 31])
    assert [word.audio_ms for word in reached] == [100 * nth for nth in range(1, 8)]


def test_a_voice_without_timings_is_continued_by_estimate_and_says_nothing_twice() -> None:
    first, second = TimedVoice(timed=False, faults=Faults(at=5)), TimedVoice()
    quickly(lambda: spoken([first, second]))

    assert SENTENCE.endswith(second.texts[0])
    assert " we " not in f" {second.texts[0]} ".lower()


def test_a_voice_that_stalls_may_be_silent_while_it_is_still_heard() -> None:
    first, second = TimedVoice(stops_after=5), TimedVoice()
    audio_ms, _, longest_s = quickly(lambda: spoken([first, second]))

    assert (audio_ms, second.texts) == (700, [" the morning."])
    assert longest_s == pytest.approx(TTS_PATIENCE.next_s + 0.5, abs=0.01)


def test_a_voice_that_never_begins_is_raced_by_the_next() -> None:
    audio_ms, _, longest_s = quickly(lambda: spoken([TimedVoice(stops_after=0), TimedVoice()]))

    assert audio_ms == 700
    assert longest_s == pytest.approx(TTS_PATIENCE.first_s)


def test_a_voice_that_gives_only_silence_has_said_nothing() -> None:
    silent, second = TimedVoice(sample=0), TimedVoice()
    audio_ms, reached, longest_s = quickly(lambda: spoken([silent, second]))

    assert (audio_ms, second.texts, len(reached)) == (700, [SENTENCE], 7)
    assert longest_s < TTS_PATIENCE.first_s


def test_a_voice_that_gives_silence_and_then_stalls_is_raced_by_the_next() -> None:
    audio_ms, _, longest_s = quickly(lambda: spoken([TimedVoice(stops_after=2, sample=0), TimedVoice()]))

    assert audio_ms == 700
    assert longest_s == pytest.approx(TTS_PATIENCE.first_s)


def test_a_provider_that_failed_rests_while_others_work() -> None:
    first, second = Model(REPLY, faults=Faults(1, for_ever=True, reason="refused")), Model(REPLY)

    async def story() -> None:
        several = FallbackModel([Candidate("first", first), Candidate("second", second)])
        for _ in range(FAILURES + 2):
            assert [delta async for delta in several.reply(PROMPT)]

    quickly(story)
    assert (len(first.prompts), len(second.prompts)) == (FAILURES, FAILURES + 2)


def test_a_provider_that_nobody_needed_to_ask_has_not_been_probed() -> None:
    first: Candidate[LanguageModel] = Candidate("first", Model(REPLY))
    second: Candidate[LanguageModel] = Candidate("second", Model(REPLY))

    async def story() -> list[str]:
        for _ in range(FAILURES):
            second.failed(ProviderError("second", "refused"))
        await asyncio.sleep(REST_MS / 1_000)
        assert [delta async for delta in FallbackModel([first, second]).reply(PROMPT)]
        return [candidate.name for candidate in willing([first, second])]

    assert quickly(story) == ["first", "second"]


def test_a_recogniser_that_breaks_is_replaced_and_hears_the_whole_utterance() -> None:
    first, second = Recogniser(), Recogniser("a table please")

    async def story() -> None:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await call.speaks(400)
            first.break_off()
            await call.speaks(400)
            await call.until(lambda: call.model.prompts)
            assert call.model.said(1) == ["a table please"]

    quickly(story)
    assert second.heard[0][0][1] >= 800 // 20


def test_a_recogniser_that_owes_a_transcript_is_replaced_in_time() -> None:
    first, second = Recogniser("too late", final_s=30.0), Recogniser("a table please")

    async def story() -> float:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await call.ends_a_turn(600)
            ended_s = now_s()
            await call.until(lambda: call.model.prompts)
            assert call.model.said(1) == ["a table please"]
            return now_s() - ended_s

    assert quickly(story) == pytest.approx(1.3, abs=0.05)


def test_a_caller_whom_no_recogniser_answers_is_told_so_in_time_and_no_model_guesses() -> None:
    first, second = (Recogniser("too late", final_s=60.0) for _ in range(2))

    async def story() -> tuple[float, int]:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await call.ends_a_turn(600)
            ended_s = now_s()
            await call.is_answered(within_s=5.0)
            assert call.has_seen(TranscriptFailed, 1)
            return now_s() - ended_s, len(call.model.prompts)

    waited_s, prompts = quickly(story)
    assert waited_s == pytest.approx(2 * FINAL_WITHIN_S + 0.1, abs=0.15)
    assert not prompts


def test_recognisers_that_hang_for_one_utterance_hear_the_next() -> None:
    first, second = (Recogniser("a table please", final_s=60.0) for _ in range(2))

    async def story() -> None:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await call.ends_a_turn(600)
            await call.is_answered(within_s=5.0)
            first.final_s = second.final_s = 0.1
            await call.until(lambda: not call.line.queued_ms)
            await call.ends_a_turn(600)
            await call.until(lambda: call.model.prompts)
            assert call.model.said(1)[-1] == "a table please"

    quickly(story)


def test_a_recogniser_named_while_another_is_tried_again_listens_in_its_place() -> None:
    first, second = Recogniser(), Recogniser()

    async def story() -> None:
        ear = Ear([Candidate("first", first.connect)], lambda _: None)
        listening = asyncio.create_task(ear.run())
        await asyncio.sleep(0.1)
        first.break_off()
        await asyncio.sleep(RETRY_S / 2)
        ear.use([Candidate("second", second.connect)])
        await asyncio.sleep(1.0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    quickly(story)
    assert (first.opened, second.opened) == (1, 1)


def test_recognisers_that_all_fail_end_the_call_with_last_words() -> None:
    first, second = (Recogniser(faults=Faults(1, for_ever=True)) for _ in range(2))

    async def story() -> None:
        async with Call(first, second=(second, None, None)).runs(greet=False) as call:
            await call.speaks(400)
            assert await call.ends(10.0)

    quickly(story)
