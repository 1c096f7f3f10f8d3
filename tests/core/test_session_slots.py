"""While the caller gives what the agent asked for, piece by piece, the turn waits for all of it."""

import pytest

from pipeline.providers import TurnVerdict
from pipeline.realtime.config import (
    Audio,
    AudioInput,
    FunctionTool,
    SemanticVad,
    ServerVad,
    SessionConfig,
    TurnDetection,
)
from pipeline.realtime.events import DtmfReceived
from pipeline.realtime.ours import TurnGrounds
from pipeline.signals import EndUtterance, FlushPlayout, Limits, StartReply
from tests.drive.client import becomes
from tests.drive.story import Story

CAP_MS = 4_000
FIND_ORDER = FunctionTool(
    name="find_order",
    parameters={"type": "object", "properties": {"order_number": {"type": "string", "pattern": "^[0-9]{6}$"}}},
)


def an_agent_that_asked(question: str, detection: TurnDetection | None = None, *tools: FunctionTool) -> Story:
    call = Story(config(detection, *tools))
    call.agent_greets(question)
    call.take()
    return call


def config(detection: TurnDetection | None = None, *tools: FunctionTool) -> SessionConfig:
    return SessionConfig(tools=tools, audio=Audio(input=AudioInput(turn_detection=detection or SemanticVad())))


def caller_gives(call: Story, words: str) -> None:
    call.caller_speaks(600)
    call.recogniser_shows(words)


def ended(call: Story) -> TurnGrounds:
    """The turn ends by itself."""
    for _ in range(500):
        call.passes(20)
        for end in call.take(EndUtterance):
            assert isinstance(end.grounds, TurnGrounds)
            return end.grounds
    raise AssertionError("a turn that never ends")


def test_four_digits_of_six_are_waited_for_and_six_are_not() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five")
    call.passes(2_500)
    assert call.take(EndUtterance) == []
    caller_gives(call, "four one five five zero nine")

    grounds = ended(call)

    assert (grounds.why, grounds.silence_ms) == ("entity", 180)


def test_a_slot_that_is_never_filled_ends_the_turn_all_the_same() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five")

    grounds = ended(call)

    assert (grounds.why, grounds.silence_ms) == ("silence", CAP_MS)


def test_keys_complete_what_was_spoken() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five")
    call.passes(800)
    call.caller_presses("09")

    grounds = ended(call)

    assert (grounds.why, grounds.silence_ms) == ("entity", 820)


def test_words_complete_what_was_pressed() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    call.caller_presses("41")
    call.passes(1_500)
    caller_gives(call, "five five zero nine")

    assert ended(call).why == "entity"


def test_a_number_may_come_in_two_turns() -> None:
    call = an_agent_that_asked("What is your order number?", ServerVad(silence_duration_ms=300), FIND_ORDER)
    call.caller_speaks(600)
    call.passes(300)
    call.recogniser_hears("four one five five")
    call.tell(becomes(config(None, FIND_ORDER)))
    call.take()
    caller_gives(call, "zero nine")

    assert ended(call).why == "entity"


def test_a_vendor_who_takes_a_pause_between_digits_for_the_end_is_not_believed() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five")
    call.passes(100)
    call.tell(TurnVerdict(1, "over"))
    call.passes(2_000)

    assert call.take(EndUtterance) == []


def test_who_answers_with_a_question_is_not_waited_for() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "I would have to look it up")

    assert ended(call).silence_ms <= 1_000


def test_who_is_asked_for_a_yes_or_a_no_is_not_waited_for() -> None:
    call = an_agent_that_asked("Is your e-mail address still the same?")
    caller_gives(call, "yes it is")

    assert ended(call).silence_ms <= 500


@pytest.mark.parametrize("words", ["four one five five", "four one five five zero nine"])
def test_under_server_vad_nothing_is_waited_for(words: str) -> None:
    call = an_agent_that_asked("What is your order number?", ServerVad(silence_duration_ms=500), FIND_ORDER)
    caller_gives(call, words)

    assert (ended(call).why, call.take()) == ("silence", [])


def test_what_the_next_question_asks_for_is_waited_for_next() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five zero nine")
    ended(call)
    call.recogniser_hears("four one five five zero nine")
    call.agent_says("Thank you. Please spell your last name.", ms=400)
    call.passes(500)
    caller_gives(call, "S as in Sugar, M as in")

    assert ended(call).silence_ms == CAP_MS


def test_a_tool_that_comes_in_mid_call_tells_the_length() -> None:
    call = an_agent_that_asked("What is your order number?")
    call.tell(becomes(config(None, FIND_ORDER)))
    caller_gives(call, "four one five five")
    call.passes(2_500)

    assert call.take(EndUtterance) == []


@pytest.mark.parametrize("detection", [SemanticVad(), ServerVad()])
def test_keys_that_are_all_the_agent_waits_for_are_answered_at_once(detection: TurnDetection) -> None:
    call = an_agent_that_asked("What is your order number?", detection, FIND_ORDER)
    call.caller_presses("41550")
    call.passes(100)
    assert call.take(StartReply) == []

    call.caller_presses("9")

    assert call.said_so_far()[-1] == ("user", "[digits: 415509]")
    assert len(call.take(StartReply)) == 1


@pytest.mark.parametrize(
    ("question", "keys"),
    [("For how many people?", "12"), ("For sales press one.", "12"), ("What is your date of birth?", "03052004")],
)
def test_where_more_keys_may_be_wanted_they_are_waited_for(question: str, keys: str) -> None:
    call = an_agent_that_asked(question)
    for key in keys:
        call.caller_presses(key)
        call.passes(200)
    call.passes(Limits().keys.pause_ms)

    assert call.said_so_far()[-1] == ("user", f"[digits: {keys}]")
    assert len(call.take(StartReply)) == 1


def test_the_hash_key_after_the_last_figure_is_no_entry_of_its_own_and_cuts_nobody_short() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    call.caller_presses("415509")
    call.agent_says("One moment.", ms=400)
    call.take()
    call.caller_presses("#")
    call.passes(3_000)

    assert [type(output) for output in call.take(FlushPlayout, DtmfReceived, StartReply)] == [DtmfReceived]


def test_keys_that_complete_what_was_spoken_are_answered_as_soon_as_the_words_are_there() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five five")
    call.caller_presses("09")
    ended(call)
    call.passes(20)
    call.recogniser_hears("four one five five")

    assert call.said_so_far()[-2:] == [("user", "four one five five"), ("user", "[digits: 09]")]
    assert len(call.take(StartReply)) == 1


def test_words_that_complete_what_was_pressed_come_after_it() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    call.caller_presses("41")
    call.passes(200)
    caller_gives(call, "five five zero nine")
    ended(call)
    call.recogniser_hears("five five zero nine")

    assert call.said_so_far()[-2:] == [("user", "[digits: 41]"), ("user", "five five zero nine")]
    assert len(call.take(StartReply)) == 1


@pytest.mark.parametrize("keys", ["50", "509#"])
def test_words_that_were_begun_before_the_keys_come_before_them_also_when_they_end_after(keys: str) -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five")
    call.caller_presses(keys)
    call.passes(CAP_MS)
    call.recogniser_hears("four one five")

    assert call.said_so_far()[-2:] == [("user", "four one five"), ("user", f"[digits: {keys.rstrip('#')}]")]
    assert len(call.take(StartReply)) == 1


def test_the_key_that_closes_an_entry_ends_the_turn_before_it() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    caller_gives(call, "four one five")
    call.caller_presses("50#")

    (end,) = call.take(EndUtterance)
    assert isinstance(end.grounds, TurnGrounds)
    assert end.grounds.why == "by_hand"


def test_fewer_keys_than_the_agent_waits_for_are_waited_for() -> None:
    call = an_agent_that_asked("What is your order number?", None, FIND_ORDER)
    call.caller_presses("4155")
    call.passes(Limits().keys.pause_ms - 40)

    assert call.take(StartReply) == []
