"""The model is asked before the turn is decided, and nobody notices."""

import pytest

from pipeline.foresight import LEAD_MS, STEADY_MS
from pipeline.manners import Manners
from pipeline.providers import FunctionCall, Message, Transcript
from pipeline.realtime.config import Audio, AudioInput, FunctionTool, ServerVad, SessionConfig
from pipeline.signals import Digit, DropForeseen, Foresee, Greet, Limits, Permissions, Setting, StartReply
from pipeline.turn import PAUSE_MS
from tests.drive.client import a_client, asks, becomes, cancels, commits, creates
from tests.drive.story import Story

LOOKUP = FunctionTool(name="lookup")
HOUSE = SessionConfig(instructions="You answer for a restaurant.", tools=(LOOKUP,))


def heard_by(**detection: object) -> SessionConfig:
    """An agent whose turns end so."""
    return SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(**detection))))  # type: ignore[arg-type]


def a_pause_in(words: str, config: SessionConfig | None = None, **more: object) -> Story:
    """The agent has greeted, the caller has said so much and is silent long enough for a guess."""
    call = Story(config, **more)  # type: ignore[arg-type]
    call.agent_greets()
    call.caller_speaks(600)
    call.recogniser_shows(words)
    call.take()
    call.passes(PAUSE_MS)
    return call


def test_a_pause_after_words_that_may_be_all_is_foreseen_and_nothing_else_comes_of_it() -> None:
    call = a_pause_in("A table for two")

    assert [type(output) for output in call.take()] == [Foresee]
    assert call.said_so_far() == []


def test_what_is_foreseen_is_what_is_asked() -> None:
    call = a_pause_in("a table for two", HOUSE, permissions=Permissions(hang_up=True))
    foreseen = call.foreseen
    call.passes(400)
    call.recogniser_hears("a table for two")

    assert foreseen is not None
    assert foreseen == call.prompt
    assert foreseen.turns == (Message("assistant", "Hello."), Message("user", "a table for two"))
    assert [tool.name for tool in foreseen.tools] == ["lookup", "hang_up"]


def test_once_it_is_asked_nothing_is_foreseen() -> None:
    call = a_pause_in("a table for two")
    call.passes(400)
    call.take()

    call.recogniser_hears("A table for two.")

    assert [type(output) for output in call.take(Foresee, StartReply, DropForeseen)] == [StartReply, DropForeseen]


def test_the_same_words_are_foreseen_once() -> None:
    call = a_pause_in("a table for two")
    call.recogniser_shows("A table for two.")
    call.passes(200)
    call.caller_speaks(100)
    call.passes(300)

    assert len(call.take(Foresee)) == 1


def test_more_words_are_foreseen_in_place_of_those() -> None:
    call = a_pause_in("a table")
    call.take()

    call.recogniser_shows("a table for two")
    call.passes(STEADY_MS)

    dropped, foreseen = call.take(DropForeseen, Foresee)
    assert (type(dropped), foreseen.prompt.turns[-1]) == (DropForeseen, Message("user", "a table for two"))


def test_words_that_follow_close_upon_another_are_foreseen_together() -> None:
    call = a_pause_in("")
    for words in ("a", "a table", "a table for", "a table for two"):
        call.recogniser_shows(words)
        call.passes(20)
    call.passes(STEADY_MS)

    assert [foreseen.prompt.turns[-1].text for foreseen in call.take(Foresee)] == ["a table for two"]


def test_a_caller_who_goes_on_is_not_foreseen_before_the_next_pause() -> None:
    call = a_pause_in("a table")
    call.caller_speaks(400)
    call.recogniser_shows("a table for two")
    call.caller_speaks(400)

    assert call.foreseen is None


def test_a_recogniser_that_was_late_is_waited_for_the_next_time() -> None:
    call = a_pause_in("a")
    call.passes(200)
    call.recogniser_shows("a table")
    call.passes(200)
    call.recogniser_hears("a table")
    call.agent_says("For how many?", 400)
    call.passes(500)
    call.take()

    call.caller_speaks(600)
    call.recogniser_shows("for")
    call.passes(280)
    early = call.take(Foresee)
    call.recogniser_shows("for two")
    call.passes(STEADY_MS)

    assert early == []
    assert [foreseen.prompt.turns[-1].text for foreseen in call.take(Foresee)] == ["for two"]


def test_a_gap_between_words_is_no_pause() -> None:
    call = Story()
    call.caller_speaks(600)
    call.recogniser_shows("a table")
    for _ in range(5):
        call.passes(PAUSE_MS - 20)
        call.caller_speaks(200)

    assert call.take(Foresee) == []


def test_a_turn_that_will_not_end_soon_is_not_foreseen() -> None:
    call = a_pause_in("a table", heard_by(silence_duration_ms=2_000))
    call.passes(2_000 - LEAD_MS - PAUSE_MS - 20)
    early = call.take(Foresee)

    call.passes(20)

    assert (early, len(call.take(Foresee))) == ([], 1)


def test_words_that_want_a_continuation_are_foreseen_only_when_the_turn_is_over_all_the_same() -> None:
    call = a_pause_in("I would like to")
    call.passes(380)
    early = call.take(Foresee)
    call.passes(20)

    assert (early, len(call.take(Foresee))) == ([], 1)


def test_words_that_come_after_the_turns_end_are_foreseen_while_the_rest_is_awaited() -> None:
    call = a_pause_in("")
    call.passes(500)
    call.recogniser_shows("a table")
    call.passes(STEADY_MS)
    foreseen = call.foreseen
    call.recogniser_hears("a table")

    assert foreseen is not None
    assert foreseen == call.prompt


def test_an_item_that_a_client_adds_meanwhile_makes_it_another_question() -> None:
    call = a_pause_in("a table", HOUSE)
    before = call.foreseen
    call.passes(400)
    creates(call, "The kitchen is closed.", role="system")
    call.recogniser_hears("a table")

    assert before is not None
    assert call.prompt is not None
    assert before.turns != call.prompt.turns


def test_a_noise_drops_what_was_foreseen() -> None:
    call = a_pause_in("a")
    call.passes(400)
    call.recogniser_hears("")

    assert call.foreseen is None


def test_what_the_caller_says_before_the_words_are_known_drops_it() -> None:
    call = a_pause_in("a table")
    call.passes(400)
    call.caller_speaks(60)

    assert call.foreseen is None


def test_the_end_of_the_call_drops_it() -> None:
    call = a_pause_in("a table")

    assert [type(output) for output in call.session.closed()] == [DropForeseen]


@pytest.mark.parametrize("config", [heard_by(create_response=False), SessionConfig(type="transcription")])
def test_an_agent_that_does_not_answer_by_itself_foresees_nothing(config: SessionConfig) -> None:
    call = Story(config)
    call.caller_speaks(600)
    call.recogniser_shows("a table")
    call.passes(800)

    assert call.take(Foresee) == []


def test_who_does_not_want_anything_foreseen_gets_nothing() -> None:
    call = a_pause_in("a table", setting=Setting(manners=Manners(speculation=0.0)))
    call.passes(400)

    assert call.take(Foresee) == []


def test_a_response_that_a_client_asked_for_is_not_foreseen() -> None:
    call = Story()
    call.caller_speaks(600)
    call.recogniser_shows("a table")
    call.tell(asks(instructions="Be brief."))
    call.passes(400)

    assert call.take(Foresee) == []


def test_a_response_that_a_client_asks_for_drops_what_was_foreseen() -> None:
    call = a_pause_in("a table")
    call.tell(asks(instructions="Be brief."))

    assert call.foreseen is None


def test_a_response_that_a_client_does_not_want_drops_what_was_foreseen() -> None:
    call = a_pause_in("a table")
    call.passes(400)
    call.tell(cancels())

    assert call.foreseen is None


def test_an_agent_told_to_wait_for_a_client_drops_what_was_foreseen() -> None:
    call = a_pause_in("a table")
    call.tell(becomes(heard_by(create_response=False)))

    assert call.foreseen is None


def test_a_turn_that_a_client_commits_is_not_foreseen() -> None:
    call = a_client()
    call.caller_speaks(600)
    commits(call)
    call.recogniser_shows("a table")
    call.passes(400)

    assert call.take(Foresee) == []


def test_while_a_function_is_at_work_nothing_is_foreseen() -> None:
    call = Story(HOUSE)
    call.tell(Greet())
    call.model_gives(FunctionCall("call_1", "lookup", "{}"))
    call.model_ends()
    call.caller_speaks(600)
    call.recogniser_shows("hurry")
    call.passes(400)

    assert call.take(Foresee) == []


def test_functions_that_were_withheld_are_foreseen_as_offered_to_the_caller() -> None:
    call = Story(HOUSE, limits=Limits(tool_rounds=0))
    call.tell(Greet())
    call.model_calls("fly")
    call.model_ends()
    withheld = call.prompt
    call.agent_says("What else can I do?", 400)
    call.passes(500)
    call.caller_speaks(600)
    call.recogniser_shows("a table")
    call.passes(PAUSE_MS)

    assert withheld is not None
    assert call.foreseen is not None
    assert (withheld.tools, [tool.name for tool in call.foreseen.tools]) == ((), ["lookup"])


def test_keys_pressed_drop_what_was_foreseen() -> None:
    call = a_pause_in("a table")
    call.tell(Digit("5", 0))

    assert call.foreseen is None


def test_an_agent_who_still_speaks_foresees_nothing() -> None:
    call = Story(heard_by(interrupt_response=False))
    call.tell(Greet())
    call.agent_says("Welcome to our house.", 3_000)
    call.caller_speaks(600)
    call.recogniser_shows("hello")
    call.passes(400)

    assert call.take(Foresee) == []


def test_an_agent_about_to_hang_up_foresees_nothing() -> None:
    call = Story(permissions=Permissions(hang_up=True))
    call.tell(Greet())
    call.model_says("Goodbye.")
    call.model_calls("hang_up")
    call.agent_says("", 1_000)
    call.passes(600)
    call.caller_speaks(300)
    call.passes(PAUSE_MS)

    assert call.take(Foresee) == []


def test_words_before_these_that_are_still_awaited_forbid_to_guess() -> None:
    call = Story()
    call.caller_speaks(600)
    call.passes(500)
    call.caller_speaks(600)
    call.recogniser_shows("for two")
    call.passes(400)

    assert call.take(Foresee) == []


def test_words_of_an_utterance_that_is_long_over_are_not_foreseen() -> None:
    call = Story()
    call.caller_says("a table")
    call.agent_says("Certainly.", 200)
    call.passes(400)
    call.take()
    call.tell(Transcript(1, "a table for two", final=False))
    call.passes(400)

    assert call.take(Foresee, DropForeseen) == []
