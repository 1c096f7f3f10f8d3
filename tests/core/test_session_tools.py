"""The agent uses functions."""

import json

from pipeline.providers import FunctionCall, FunctionOutput, Tool
from pipeline.realtime.config import FunctionTool, SessionConfig, ToolChoiceFunction
from pipeline.realtime.events import FunctionArgumentsDone, ResponseCreated, ResponseDone
from pipeline.signals import Greet, Limits, Permissions, StartReply
from tests.drive.client import a_client, answers, asks, becomes, creates
from tests.drive.story import Story

LOOKUP = SessionConfig(tools=(FunctionTool(name="lookup", description="Find a table."),))


def an_agent_who_looks_something_up(*calls: str) -> Story:
    call = Story(LOOKUP)
    call.caller_says("is there a table")
    call.take()
    for name in calls or ("call_1",):
        call.model_calls("lookup", '{"people": 2}', call_id=name)
    call.model_ends()
    return call


def outputs_given(call: Story) -> list[tuple[str, str]]:
    assert call.prompt is not None
    return [(turn.call_id, turn.output) for turn in call.prompt.turns if isinstance(turn, FunctionOutput)]


def test_a_function_call_in_the_order_that_clients_rely_on() -> None:
    call = an_agent_who_looks_something_up()

    assert call.take_names() == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


def test_the_call_carries_what_clients_need_to_run_it() -> None:
    call = an_agent_who_looks_something_up()

    assert call.take(FunctionArgumentsDone) == [
        FunctionArgumentsDone(
            event_id="",
            response_id="resp_1",
            item_id="item_2",
            output_index=0,
            call_id="call_1",
            name="lookup",
            arguments='{"people": 2}',
        )
    ]


def test_the_answer_and_then_the_response() -> None:
    call = an_agent_who_looks_something_up()

    call.tell(answers("call_1", '{"free": true}'))
    assert call.take(StartReply) == []
    call.tell(asks())

    assert outputs_given(call) == [("call_1", '{"free": true}')]


def test_an_answer_while_the_reply_still_plays_is_spoken_after_it() -> None:
    call = Story(LOOKUP)
    call.caller_says("is there a table")
    call.model_says("Let me see.")
    call.model_calls("lookup")
    call.model_ends()
    call.voice_speaks(1_000)
    call.passes(200)

    call.tell(answers("call_1", "yes"))
    call.tell(asks())
    call.agent_says("Yes, there is.", ms=1_000)
    call.passes(1_800)

    assert call.played_ms == 2_000
    assert call.said_so_far()[-2:] == [("FunctionCall", "lookup"), ("FunctionOutput", "yes")]


def test_a_client_that_answers_before_the_response_is_done_is_served_right_after_it() -> None:
    call = Story(LOOKUP)
    call.caller_says("is there a table")
    call.model_calls("lookup")
    call.tell(answers("call_1", "yes"))
    call.tell(asks())
    assert len(call.take(StartReply)) == 1

    call.model_ends()

    assert [type(output) for output in call.take(ResponseDone, ResponseCreated)] == [ResponseDone, ResponseCreated]
    assert outputs_given(call) == [("call_1", "yes")]


def test_a_function_that_nobody_answers_is_given_up() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(Limits().tool_ms)
    assert call.take(StartReply) == []

    call.passes(20)

    assert outputs_given(call) == [("call_1", '{"error": "nobody answered"}')]


def test_after_a_function_that_nobody_answers_none_is_offered_until_the_caller_speaks() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(Limits().tool_ms + 20)
    (alone,) = call.take(StartReply)
    call.agent_says("I cannot look that up.", ms=1_000)
    call.passes(1_100)

    call.caller_says("and on Sunday")

    (asked,) = call.take(StartReply)
    assert (alone.prompt.tools, [tool.name for tool in asked.prompt.tools]) == ((), ["lookup"])


def test_functions_that_nobody_answers_are_given_up_together() -> None:
    call = an_agent_who_looks_something_up("call_1", "call_2")

    call.passes(Limits().tool_ms + 20)

    assert outputs_given(call) == [
        ("call_1", '{"error": "nobody answered"}'),
        ("call_2", '{"error": "nobody answered"}'),
    ]


def test_while_somebody_may_still_answer_the_model_is_not_asked() -> None:
    call = an_agent_who_looks_something_up()
    call.passes(5_000)
    call.caller_says("and on Sunday")
    call.model_calls("lookup", call_id="call_2")
    call.model_ends()
    call.take()

    call.passes(Limits().tool_ms - 5_000)
    assert call.take(StartReply) == []
    call.passes(6_500)

    assert [name for name, _ in outputs_given(call)] == ["call_1", "call_2"]


def test_an_answer_that_comes_twice_is_one_more_item_and_one_that_nobody_asked_for_is_refused() -> None:
    call = an_agent_who_looks_something_up()
    call.tell(answers("call_1", "yes"))
    call.take()

    call.tell(answers("call_1", "no"))
    call.tell(answers("call_7", "what"))

    assert call.take_names() == ["conversation.item.added", "conversation.item.done", "error"]


def test_a_caller_who_asks_meanwhile_is_answered() -> None:
    call = an_agent_who_looks_something_up()

    call.caller_says("are you there")

    assert call.said_so_far()[-1] == ("user", "are you there")


def test_a_function_that_does_not_exist_is_explained_to_the_model() -> None:
    call = Story(LOOKUP)
    call.caller_says("hello")
    call.model_calls("fly")
    call.model_ends()

    assert outputs_given(call) == [("call_1", '{"error": "no function fly is available"}')]


def test_hanging_up_needs_the_routes_permission() -> None:
    call = Story()
    call.caller_says("bye")
    call.model_calls("hang_up")
    call.model_ends()

    assert outputs_given(call) == [("call_1", '{"error": "no function hang_up is available"}')]


def test_several_mistakes_make_one_more_round() -> None:
    call = Story(LOOKUP)
    call.caller_says("hello")
    call.model_calls("fly", call_id="call_1")
    call.model_calls("swim", call_id="call_2")
    call.take()

    call.model_ends()

    assert len(call.take(StartReply)) == 1
    assert [name for name, _ in outputs_given(call)] == ["call_1", "call_2"]


def test_a_mistake_beside_an_errand_waits_for_the_errand() -> None:
    call = Story(LOOKUP)
    call.caller_says("hello")
    call.model_calls("fly", call_id="call_1")
    call.model_calls("lookup", call_id="call_2")
    call.model_ends()
    assert len(call.take(StartReply)) == 1

    call.tell(answers("call_2", "yes"))
    call.tell(asks())

    assert [name for name, _ in outputs_given(call)] == ["call_1", "call_2"]


def test_a_model_that_only_calls_functions_is_made_to_speak() -> None:
    call = Story(limits=Limits(tool_rounds=2))
    call.caller_says("hello")
    for number in range(4):
        call.model_calls("fly", call_id=f"call_{number}")
        call.model_ends()
    call.voice_speaks(1_000)

    assert [event.response.status for event in call.take(ResponseDone)] == [*["completed"] * 4, "failed"]
    assert call.queued_ms == 2_000


def test_after_too_many_rounds_no_function_is_offered() -> None:
    call = Story(LOOKUP, limits=Limits(tool_rounds=1))
    call.caller_says("hello")
    offered = []
    for number in range(3):
        assert call.prompt is not None
        offered.append([tool.name for tool in call.prompt.tools])
        call.model_calls("fly", call_id=f"call_{number}")
        call.model_ends()

    assert offered == [["lookup"], ["lookup"], []]


def tools_offered_while_it_goes_on_and_on(call: Story, rounds: int) -> list[int]:
    """How many functions the model is offered, each time it is asked again with what it has looked up."""
    offered = []
    for number in range(rounds):
        call.model_calls("lookup", call_id=f"call_{number}")
        call.model_ends()
        call.tell(answers(f"call_{number}", "no"))
        call.tell(asks())
        assert call.prompt is not None
        offered.append(len(call.prompt.tools))
    return offered


def test_a_model_that_looks_things_up_again_and_again_is_made_to_speak_to_the_caller() -> None:
    call = Story(LOOKUP, limits=Limits(tool_rounds=2))
    call.caller_says("is there a table")
    in_a_row = tools_offered_while_it_goes_on_and_on(call, 3)
    call.agent_says("There is none.", 1_000)
    call.passes(1_020)
    call.caller_says("and on Sunday")

    assert call.prompt is not None
    assert (in_a_row, len(call.prompt.tools)) == ([1, 1, 0], 1)


def test_what_an_application_says_for_the_caller_begins_a_new_count_of_rounds() -> None:
    call = Story(LOOKUP, limits=Limits(tool_rounds=2))
    call.caller_says("is there a table")
    tools_offered_while_it_goes_on_and_on(call, 2)
    creates(call, "The caller has sent a message: and on Sunday?")

    assert tools_offered_while_it_goes_on_and_on(call, 2) == [1, 1]


def test_how_long_a_client_looks_things_up_on_its_own_line_is_its_own_affair() -> None:
    call = a_client(LOOKUP, limits=Limits(tool_rounds=2))
    creates(call, "is there a table")
    call.tell(asks())

    assert tools_offered_while_it_goes_on_and_on(call, 4) == [1] * 4


def test_the_model_is_offered_what_the_session_has_and_the_route_allows() -> None:
    call = Story(LOOKUP, permissions=Permissions(hang_up=True, transfer_targets={"sales": "sip:sales@example.com"}))
    call.tell(Greet())

    assert call.prompt is not None
    summary = {"type": "string", "description": "What they should know of the caller, in a sentence or two."}
    schema = {"type": "object", "properties": {"target": {"type": "string", "enum": ["sales"]}, "summary": summary}}
    assert [(tool.name, json.loads(tool.parameters)) for tool in call.prompt.tools] == [
        ("lookup", {"type": "object"}),
        ("hang_up", {"type": "object"}),
        ("transfer", {**schema, "required": ["target"]}),
    ]


def test_a_function_of_the_session_comes_before_the_routes_own() -> None:
    config = SessionConfig(tools=(FunctionTool(name="hang_up"),))
    call = Story(config, permissions=Permissions(hang_up=True))
    call.caller_says("bye")
    call.model_calls("hang_up")
    call.model_ends()

    call.tell(answers("call_1", "done"))
    call.tell(asks())

    assert outputs_given(call) == [("call_1", "done")]


def test_a_function_that_was_taken_away_meanwhile_is_answered_once() -> None:
    call = Story(LOOKUP)
    call.caller_says("hello")
    call.model_calls("lookup")
    call.tell(becomes(SessionConfig()))
    call.model_ends()

    call.tell(answers("call_1", "yes"))
    call.tell(asks())

    assert outputs_given(call) == [("call_1", "yes")]


def test_the_model_may_be_told_which_function_to_call() -> None:
    call = Story(
        SessionConfig(
            instructions="Be brief.",
            tools=LOOKUP.tools,
            tool_choice=ToolChoiceFunction(name="lookup"),
            max_output_tokens=200,
            temperature=0.5,
        )
    )
    call.tell(Greet())

    prompt = call.prompt
    assert prompt is not None
    assert (prompt.instructions, prompt.tool_choice, prompt.max_output_tokens, prompt.temperature, prompt.tools) == (
        "Be brief.",
        "lookup",
        200,
        0.5,
        (Tool("lookup", "Find a table.", '{"type": "object"}'),),
    )


def test_words_and_a_call_are_two_items_of_one_response() -> None:
    call = Story(LOOKUP)
    call.caller_says("is there a table")
    call.model_says("Let me see.")
    call.model_calls("lookup")
    call.model_ends()
    call.voice_speaks()

    done = call.take(ResponseDone)[0].response
    assert [item.__struct_config__.tag for item in done.output] == ["message", "function_call"]
    assert call.prompt is not None
    assert not [turn for turn in call.prompt.turns if isinstance(turn, FunctionCall)]
