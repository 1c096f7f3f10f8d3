"""Where a caller's turn begins and ends."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.realtime.config import SemanticVad, ServerVad, TurnDetection
from pipeline.turn import Edge, Endpointer, SilenceOnly, SoundWanted, SpeechBegan, TurnEnded, Verdict
from pipeline.turn_fusion import detector_for

FRAME_MS = 20


def edges(detection: ServerVad | SemanticVad, scores: Iterable[float]) -> list[Edge]:
    endpointer = Endpointer(*detector_for(detection, "en"))
    heard = (endpointer.hear(score, FRAME_MS * (at + 1), FRAME_MS) for at, score in enumerate(scores))
    return [edge for edge in heard if edge is not None]


def test_a_turn_from_its_first_frame_to_the_silence_after_it() -> None:
    scores = [0.0] * 5 + [0.9] * 10 + [0.0] * 30

    assert edges(ServerVad(silence_duration_ms=500), scores) == [
        SpeechBegan(at_ms=100),
        TurnEnded(at_ms=800, speech_end_ms=300, speech_ms=200),
    ]


def test_a_pause_within_a_turn_does_not_end_it() -> None:
    scores = [0.9] * 10 + [0.0] * 24 + [0.9] * 5 + [0.0] * 25

    assert edges(ServerVad(silence_duration_ms=500), scores) == [
        SpeechBegan(at_ms=0),
        TurnEnded(at_ms=1_280, speech_end_ms=780, speech_ms=300),
    ]


def test_two_frames_are_a_false_start() -> None:
    assert edges(ServerVad(), [0.9, 0.9, 0.0] * 20) == []


def test_a_score_a_little_under_the_threshold_keeps_a_turn_open_and_opens_none() -> None:
    assert edges(ServerVad(threshold=0.5, silence_duration_ms=200), [0.4] * 20) == []
    assert edges(ServerVad(threshold=0.5, silence_duration_ms=200), [0.6] * 3 + [0.4] * 20) == [SpeechBegan(at_ms=0)]


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.15, 1.0])
def test_a_turn_ends_in_silence_whatever_the_threshold(threshold: float) -> None:
    found = edges(ServerVad(threshold=threshold, silence_duration_ms=200), [1.0] * 5 + [0.0] * 10)

    assert found[:2] == [SpeechBegan(at_ms=0), TurnEnded(at_ms=300, speech_end_ms=100, speech_ms=100)]


def wait_ms(eagerness: str, words: str, sound: float | None = None, *, doubtful: bool = False) -> int:
    """From the end of 300 ms of speech to the end of the turn, with words that come at once."""
    endpointer = Endpointer(*detector_for(SemanticVad(eagerness=eagerness), "en"))  # type: ignore[arg-type]
    for at_ms in range(20, 20_000, 20):
        match endpointer.hear(0.9 if at_ms <= 300 else 0.0, at_ms, FRAME_MS):
            case SpeechBegan():
                endpointer.heard(words, doubtful=doubtful)
            case SoundWanted(pause) if sound is not None:
                endpointer.sounded(pause, sound)
            case TurnEnded(speech_end_ms=speech_end_ms):
                return at_ms - speech_end_ms
    raise AssertionError("a turn that never ends")


@pytest.mark.parametrize("words", ["what time do you open", "i was thinking about the", ""])
def test_the_more_eager_the_shorter_the_wait(words: str) -> None:
    assert wait_ms("high", words) < wait_ms("medium", words) == wait_ms("auto", words) < wait_ms("low", words)


@pytest.mark.parametrize(("eagerness", "cap_ms"), [("low", 8_000), ("medium", 4_000), ("high", 2_000)])
@pytest.mark.parametrize("sound", [None, 0.0])
def test_a_thought_that_is_never_finished_ends_all_the_same(eagerness: str, cap_ms: int, sound: float | None) -> None:
    finished_ms = wait_ms(eagerness, "what time do you open")

    assert 4 * finished_ms < wait_ms(eagerness, "i was thinking about the", sound) <= cap_ms


def test_where_the_words_leave_it_open_the_sound_decides() -> None:
    open_ms = wait_ms("medium", "")

    assert wait_ms("medium", "", sound=0.97) < open_ms < wait_ms("medium", "", sound=0.03)


@pytest.mark.parametrize(("words", "sound"), [("i was thinking about the", 0.97), ("what time do you open", 0.03)])
def test_words_that_are_often_wrong_are_believed_less_than_the_sound(words: str, sound: float) -> None:
    assert (wait_ms("medium", words, sound) < 1_000) == (words == "what time do you open")
    assert (wait_ms("medium", words, sound, doubtful=True) < 1_000) == (sound > 0.5)


def test_settings_change_within_a_turn() -> None:
    endpointer = Endpointer(*detector_for(ServerVad(silence_duration_ms=500), None))
    for at in range(5):
        endpointer.hear(0.9, FRAME_MS * (at + 1), FRAME_MS)
    endpointer.change(*detector_for(ServerVad(silence_duration_ms=40), None))

    assert endpointer.hear(0.0, 120, FRAME_MS) is None
    assert endpointer.hear(0.0, 140, FRAME_MS) == TurnEnded(at_ms=140, speech_end_ms=100, speech_ms=100)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), max_size=200), st.floats(0, 1), st.integers(0, 400))
def test_turns_begin_and_end_in_turn_and_never_overlap(scores: list[float], threshold: float, silence_ms: int) -> None:
    found = edges(ServerVad(threshold=threshold, silence_duration_ms=silence_ms), scores)

    assert [type(edge) for edge in found] == [SpeechBegan, TurnEnded] * (len(found) // 2) + [SpeechBegan] * (
        len(found) % 2
    )
    times = [edge.at_ms for edge in found if not isinstance(edge, SoundWanted)]
    assert times == sorted(times)


def test_a_line_that_delivers_late_has_been_silent_for_longer() -> None:
    endpointer = Endpointer(SilenceOnly(500), line_delay_ms=20)
    edges = [endpointer.hear(1.0 if at_ms <= 200 else 0.0, at_ms, 20) for at_ms in range(20, 1_000, 20)]

    assert [edge for edge in edges if edge] == [SpeechBegan(0), TurnEnded(680, 200, 200)]


def with_verdict(detection: TurnDetection, verdict: Verdict) -> TurnEnded:
    """300 ms of speech; the recogniser judges when 60 ms of silence have passed."""
    endpointer = Endpointer(*detector_for(detection, "en"))
    for at_ms in range(20, 10_000, 20):
        edge = endpointer.hear(1.0 if at_ms <= 300 else 0.0, at_ms, 20)
        if isinstance(edge, TurnEnded):
            return edge
        if at_ms == 360:
            endpointer.judged(verdict)
    raise AssertionError("a turn that never ends")


def test_a_recogniser_that_judges_turns_is_believed_by_semantic_vad() -> None:
    assert with_verdict(SemanticVad(), "over") == TurnEnded(380, 300, 300, "vendor")
    maybe, goes_on = with_verdict(SemanticVad(), "maybe_over"), with_verdict(SemanticVad(), "goes_on")
    assert maybe.at_ms < 300 + wait_ms("auto", "") < goes_on.at_ms
    assert with_verdict(ServerVad(), "over") == TurnEnded(800, 300, 300)
