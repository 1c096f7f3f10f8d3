"""Whatever happens to a session, in any order, its promises hold and its caller is not left in silence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import FRAME_MS
from pipeline.signals import (
    EndCall,
    Input,
    Play,
    Setting,
    TransferFailed,
)
from tests.drive.anything import (
    CONFIGS,
    OURS,
    THEIRS,
    config,
    happenings,
    happenings_with_clients,
    last_things,
)
from tests.drive.client import becomes
from tests.drive.story import SPEECH
from tests.drive.watched_story import Happening, WatchedStory


@settings(max_examples=60)
@given(number=st.integers(0, len(CONFIGS) - 1), story=happenings, last=st.none() | last_things)
def test_the_promises_hold(number: int, story: list[Happening], last: Input | None) -> None:
    call = WatchedStory(number)

    for happening in story:
        call.happens(happening)
    if last is not None:
        call.tell(last)
        call.passes(400)
    call.watch.see(call.session.closed())

    call.watch.see_closed()


@settings(max_examples=40)
@given(number=st.integers(0, len(CONFIGS) - 1), story=happenings, last=st.none() | last_things)
def test_a_caller_who_speaks_is_answered_or_the_call_ends(
    number: int, story: list[Happening], last: Input | None
) -> None:
    call = WatchedStory(number)
    for happening in [*story, *([last] if last is not None else [])]:
        call.happens(happening)
    call.passes(3_000)
    call.tell(TransferFailed(486))
    call.tell(becomes(config()))
    untold = set(call.watch.owed_transcripts)
    call.take()

    call.passes(600, SPEECH)
    for _ in range(12):
        call.passes(500)
        call.recogniser_answers()
        call.plays("words")
        call.plays("the end of the reply")

    assert call.take(Play, EndCall) or call.watch.ended
    assert call.watch.ended or call.watch.owed_transcripts <= untold


@settings(max_examples=120)
@given(
    number=st.integers(0, len(CONFIGS) - 1),
    setting=st.sampled_from([OURS, THEIRS]),
    story=happenings_with_clients,
    last=st.none() | last_things,
)
def test_the_promises_hold_whatever_clients_say(
    number: int, setting: Setting, story: list[Happening], last: Input | None
) -> None:
    call = WatchedStory(number, setting)

    for happening in story:
        call.happens(happening)
    if last is not None:
        call.tell(last)
        call.passes(400)
    call.watch.see(call.session.closed())

    call.watch.see_closed()


@settings(max_examples=120)
@given(number=st.integers(0, len(CONFIGS) - 1), story=happenings_with_clients, last=st.none() | last_things)
def test_an_agent_does_not_wait_for_a_silent_caller(number: int, story: list[Happening], last: Input | None) -> None:
    call = WatchedStory(number)
    for happening in [*story, *([last] if last is not None else [])]:
        call.happens(happening)

    call.passes(2_000)
    left_ms, played_ms = call.queued_ms, call.played_ms
    call.passes(FRAME_MS)

    assert call.watch.ended or not call.paused
    assert call.watch.ended or not left_ms or call.played_ms > played_ms


@settings(max_examples=80)
@given(number=st.integers(0, len(CONFIGS) - 1), setting=st.sampled_from([OURS, THEIRS]), story=happenings_with_clients)
def test_whatever_clients_said_a_caller_who_speaks_is_answered_or_the_call_ends(
    number: int, setting: Setting, story: list[Happening]
) -> None:
    call = WatchedStory(number, setting)
    for happening in story:
        call.happens(happening)
    call.passes(3_000)
    call.tell(TransferFailed(486))
    call.tell(becomes(config()))
    call.take()

    call.passes(600, SPEECH)
    for _ in range(12):
        call.passes(500)
        call.recogniser_answers()
        call.plays("words")
        call.plays("the end of the reply")

    assert call.take(Play, EndCall) or call.watch.ended
