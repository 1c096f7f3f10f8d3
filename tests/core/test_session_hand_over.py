"""Another agent goes on with a call, a message is left, and what owns the call answers functions."""

import json

from pipeline.providers import FunctionCall, FunctionOutput, Message
from pipeline.realtime.client import AnswerFunction
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.realtime.events import SessionUpdated
from pipeline.signals import Configured, EndCall, Permissions, StartReply
from tests.drive.story import Story

ADVISER = SessionConfig(model="vendor/adviser", instructions="You advise.", tools=(FunctionTool(name="prices"),))
ALLOWED = Permissions(voicemail_ms=3_000, others=frozenset(["adviser", "menu/main"]))


def an_agent_who_hands_over(to: str = "adviser") -> Story:
    call = Story(permissions=ALLOWED)
    call.caller_says("what does it cost")
    call.model_says("I will get you the adviser.")
    call.model_calls("hand_over", json.dumps({"to": to}))
    call.model_ends()
    call.voice_speaks(1_000)
    return call


def test_the_agent_is_offered_whom_it_may_hand_over_to() -> None:
    call = an_agent_who_hands_over()

    assert call.prompt is not None
    (tool,) = [tool for tool in call.prompt.tools if tool.name == "hand_over"]
    assert json.loads(tool.parameters)["properties"]["to"]["enum"] == ["adviser", "menu/main"]


def test_the_other_agent_goes_on_knowing_what_was_said() -> None:
    call = an_agent_who_hands_over()
    call.take()

    call.tell(AnswerFunction("call_1", '{"agent": "adviser"}', ADVISER))

    assert call.prompt is not None
    assert (call.prompt.instructions, [tool.name for tool in call.prompt.tools][:1]) == ("You advise.", ["prices"])
    assert call.prompt.turns == (
        Message("user", "what does it cost"),
        Message("assistant", "I will get you the adviser."),
        FunctionCall("call_1", "hand_over", '{"to": "adviser"}'),
        FunctionOutput("call_1", '{"agent": "adviser"}'),
    )


def test_clients_and_providers_learn_of_the_other_agent_before_it_speaks() -> None:
    call = an_agent_who_hands_over()
    call.take()

    call.tell(AnswerFunction("call_1", "{}", ADVISER))

    told = call.take(SessionUpdated, Configured, StartReply)
    assert [type(each) for each in told] == [SessionUpdated, Configured, StartReply]
    assert (told[0].session.instructions, told[1].config.model) == ("You advise.", "vendor/adviser")


def test_nobody_is_handed_over_to_an_agent_that_is_not_there() -> None:
    call = an_agent_who_hands_over("boss")

    assert call.prompt is not None
    assert call.prompt.turns[-1] == FunctionOutput(
        "call_1", '{"error": "unknown agent", "agents": ["adviser", "menu/main"]}'
    )


def test_an_answer_to_a_function_that_was_never_called_changes_nothing() -> None:
    call = Story(permissions=ALLOWED)
    call.agent_greets()
    call.take()

    call.tell(AnswerFunction("call_7", "{}", ADVISER))

    assert call.take() == []


def test_of_two_functions_the_second_answer_makes_the_agent_go_on() -> None:
    call = Story(ADVISER)
    call.caller_says("what do both cost")
    call.model_calls("prices", call_id="call_1")
    call.model_calls("prices", call_id="call_2")
    call.model_ends()
    call.take()

    call.tell(AnswerFunction("call_1", "1"))
    first = call.take(StartReply)
    call.tell(AnswerFunction("call_2", "2"))

    assert (first, len(call.take(StartReply))) == ([], 1)


def test_a_caller_may_leave_a_message_and_speaking_does_not_take_that_back() -> None:
    call = Story(permissions=ALLOWED)
    call.caller_says("a message please")
    call.model_says("Speak now.")
    call.model_calls("voicemail")
    call.model_ends()
    call.voice_speaks(1_000)
    call.passes(1_000)
    call.caller_says("please call me back", ms=1_400)
    early = call.take(EndCall, StartReply)[1:]

    call.passes(3_000)

    assert (early, call.take(EndCall)) == ([], [EndCall("us", "message_taken")])
