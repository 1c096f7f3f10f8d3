"""Whatever happens to a session, in any order, its promises hold and its caller is not left in silence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import FRAME_MS
from pipeline.manners import Manners
from pipeline.prompts import asks_the_same
from pipeline.signals import (
    DropForeseen,
    EndCall,
    Foresee,
    Input,
    Play,
    Setting,
    StartReply,
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
    quiet_happenings,
)
from tests.drive.client import becomes
from tests.drive.story import SPEECH
from tests.drive.watched_story import Happening, UnderstoodStory, WatchedStory

TRANSCRIBED = [number for number, each in enumerate(CONFIGS) if each.audio.input.transcription is not None]
DETECTED = [number for number in TRANSCRIBED if CONFIGS[number].audio.input.turn_detection is not None]


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


@settings(max_examples=120)
@given(number=st.sampled_from(TRANSCRIBED), story=happenings)
def test_every_word_of_the_caller_is_in_one_item_and_the_model_is_asked_about_all_of_them(
    number: int, story: list[Happening]
) -> None:
    call = UnderstoodStory(number)

    for happening in story:
        call.happens(happening)
    call.passes(3_000)
    call.plays("a turn")


@settings(max_examples=80)
@given(number=st.sampled_from(DETECTED), story=quiet_happenings)
def test_every_sound_of_the_caller_is_in_one_item(number: int, story: list[Happening]) -> None:
    call = UnderstoodStory(number)

    for happening in story:
        call.happens(happening)
    call.passes(9_000)

    found = [sum(start <= at < end for start, end in call.said.spans) for at in call.speech_ms]
    assert call.watch.ended or call.watch.transferring or set(found) <= {1}


@settings(max_examples=120)
@given(
    number=st.integers(0, len(CONFIGS) - 1),
    client_plays=st.booleans(),
    story=happenings_with_clients,
    last=st.none() | last_things,
)
def test_nobody_notices_what_is_foreseen(
    number: int, client_plays: bool, story: list[Happening], last: Input | None
) -> None:
    settings = [Setting(client_plays=client_plays, manners=Manners(speculation=share)) for share in (0.0, 0.5)]
    without, foreseeing = calls = [WatchedStory(number, setting) for setting in settings]

    for call in calls:
        for happening in [*story, *([last] if last is not None else [])]:
            call.happens(happening)

    assert without.outputs == [out for out in foreseeing.outputs if not isinstance(out, Foresee | DropForeseen)]


@settings(max_examples=80)
@given(number=st.integers(0, len(CONFIGS) - 1), story=quiet_happenings)
def test_what_was_foreseen_is_what_is_asked_if_the_words_are_the_same(number: int, story: list[Happening]) -> None:
    call = WatchedStory(number)
    for happening in [*story, "a guess"]:
        call.happens(happening)
    foreseen = call.foreseen
    call.take()

    for _ in range(40):
        call.passes(100)
        call.recogniser_answers()

    asked = call.take(StartReply)[:1]
    assert foreseen is None or all(asks_the_same(foreseen, start.prompt) for start in asked)


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
