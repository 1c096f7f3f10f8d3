"""Clients ask for responses: otherwise than the session is, beside the conversation, or early."""

from pipeline.providers import CutShort, FunctionCall, TextDelta, Usage
from pipeline.realtime.config import FunctionTool, SessionConfig
from pipeline.realtime.events import (
    ErrorEvent,
    ResponseCreated,
    ResponseDone,
)
from pipeline.signals import (
    Limits,
    Play,
    ReplyDelta,
    ReplyEnded,
    Speak,
    StartReply,
)
from tests.drive.client import a_client, answers, asks, cancels, creates, errors, says
from tests.drive.story import Story

TOOLS = SessionConfig(tools=(FunctionTool(name="lookup"),))


def test_a_response_may_be_wished_otherwise_than_the_session_is() -> None:
    call = a_client(SessionConfig(instructions="Be brief.", tools=(FunctionTool(name="lookup"),)))
    call.tell(
        asks(
            instructions="Be long.",
            tools=[{"type": "function", "name": "count"}],
            tool_choice={"type": "function", "name": "count"},
            max_output_tokens=20,
            output_modalities=["audio"],
            metadata={"topic": "x"},
            input=[{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Count."}]}],
            audio={"output": {"voice": "slt", "format": {"type": "audio/pcmu"}}},
        )
    )
    call.agent_says("One.", ms=100)

    created, done = call.take(ResponseCreated, ResponseDone)
    assert created.response.audio.output.voice == "slt"
    assert created.response.audio.output.format.type == "audio/pcmu"
    assert [output.voice for output in call.outputs if isinstance(output, Speak)] == ["slt"]
    assert (created.response.metadata, done.response.metadata) == ({"topic": "x"}, {"topic": "x"})
    assert (created.response.max_output_tokens, created.response.usage) == (20, None)
    assert call.prompt is not None
    assert (call.prompt.instructions, call.prompt.tool_choice, call.prompt.max_output_tokens) == (
        "Be long.",
        "count",
        20,
    )
    assert ([tool.name for tool in call.prompt.tools], call.said_so_far()) == (["count"], [("user", "Count.")])


def test_the_next_response_is_again_as_the_session_is() -> None:
    call = a_client(SessionConfig(instructions="Be brief."))
    call.tell(asks(instructions="Be long.", input=[]))
    call.agent_says("One.", ms=100)

    call.tell(asks())

    assert call.prompt is not None
    assert (call.prompt.instructions, call.said_so_far()) == ("Be brief.", [("assistant", "One.")])


def test_a_context_may_refer_to_items_and_only_to_those_there_are() -> None:
    call = a_client()
    creates(call, "one", item={"id": "one"})
    creates(call, "two")

    call.tell(asks("mine", input=[{"type": "item_reference", "id": "nobody"}]))
    call.tell(asks(input=[{"type": "item_reference", "id": "one"}]))

    assert (errors(call), call.said_so_far()) == ([("invalid_value", "mine")], [("user", "one")])


def test_a_written_response_is_words_alone() -> None:
    call = a_client()
    call.tell(asks(output_modalities=["text"]))
    call.model_says("Good evening.")
    call.model_ends()

    assert call.take_names() == [
        "response.created",
        "StartReply",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


def test_usage_is_complete_whatever_becomes_of_a_response() -> None:
    call = a_client()
    call.tell(asks())
    call.model_gives(TextDelta("Good"), Usage(20, 10, cached_tokens=4), CutShort("max_output_tokens"))
    call.model_ends()
    call.voice_speaks(100)
    call.tell(asks())
    call.tell(cancels())

    first, second = (done.response for done in call.take(ResponseDone))

    assert (first.status, first.status_details.reason, first.usage.total_tokens) == (
        "incomplete",
        "max_output_tokens",
        30,
    )
    assert first.usage.input_token_details.cached_tokens == 4
    assert (second.status, second.output, second.usage.total_tokens) == ("cancelled", (), 0)


def test_a_response_beside_the_conversation_runs_along_and_leaves_nothing_behind() -> None:
    call = a_client()
    call.caller_says("what is there")
    first = call.response_id
    call.model_says("Soup. ")
    call.take()

    call.tell(asks(conversation="none", output_modalities=["text"], metadata={"topic": "mood"}))
    aside = call.response_id
    call.model_says("The caller is hungry.")
    call.model_ends()
    assert call.take_names() == [
        "response.created",
        "StartReply",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    call.tell(ReplyDelta(first, TextDelta("Fish.")))
    call.tell(ReplyEnded(first))
    call.voice_speaks(100)
    call.passes(400)
    call.caller_says("soup")

    assert aside != first
    assert call.said_so_far() == [("user", "what is there"), ("assistant", "Soup. Fish."), ("user", "soup")]


def test_a_response_beside_the_conversation_may_be_spoken_and_is_not_interrupted() -> None:
    call = a_client()
    call.tell(asks(conversation="none"))
    call.model_says("A long story. ")
    call.caller_speaks(200)
    call.model_ends()
    call.voice_speaks(400)

    (created,) = call.take(ResponseCreated)
    done = [event.response for event in call.outputs if isinstance(event, ResponseDone)]
    plays = [output for output in call.outputs if isinstance(output, Play)]
    assert (created.response.conversation_id, [response.status for response in done]) == (None, ["completed"])
    assert [(play.response_id, play.item_id) for play in plays] == [("resp_1", done[0].output[0].id)]


def test_a_response_beside_the_conversation_is_cancelled_by_its_id() -> None:
    call = a_client()
    call.tell(asks(conversation="none", metadata={"topic": "mood"}))
    call.take()

    call.tell(cancels(response_id="resp_1"))
    call.tell(cancels("mine", response_id="resp_1"))

    assert call.take_names() == ["CancelReply", "response.done", "error"]


def test_one_that_makes_no_progress_has_failed() -> None:
    call = a_client(limits=Limits(progress_ms=1_000))
    call.tell(asks(conversation="none"))

    call.waits(1_020)

    (done,) = call.take(ResponseDone)
    assert (done.response.status, done.response.status_details.error.code) == ("failed", "llm_stalled")


def test_there_are_not_arbitrarily_many_beside_the_conversation() -> None:
    call = a_client()
    for number in range(9):
        call.tell(asks(f"e{number}", conversation="none"))

    assert errors(call) == [("rate_limit_exceeded", "e8")]


def test_outputs_and_the_next_response_may_come_before_the_response_is_done() -> None:
    call = a_client(TOOLS)
    call.caller_says("is there a table")
    call.model_gives(FunctionCall("call_1", "lookup", "{}"))
    call.tell(answers("call_1", "yes"))
    call.tell(asks("first", metadata={"round": "two"}))
    call.tell(asks("second"))
    call.take(ResponseCreated)

    call.model_ends()

    assert [(event.error.code, event.error.event_id) for event in call.outputs if isinstance(event, ErrorEvent)] == [
        ("conversation_already_has_active_response", "second")
    ]
    assert [created.response.metadata for created in call.take(ResponseCreated)] == [{"round": "two"}]
    assert call.said_so_far()[-1] == ("FunctionOutput", "yes")


def test_the_agent_goes_on_by_itself_where_a_client_wants_that() -> None:
    call = a_client(TOOLS)
    call.tell(says("session.update", session={"providerData": {"auto_tool_response": True}}))
    call.caller_says("is there a table")
    call.model_gives(FunctionCall("call_1", "lookup", "{}"), FunctionCall("call_2", "lookup", "{}"))
    call.model_ends()
    call.take()

    call.tell(answers("call_1", "yes"))
    assert call.take(StartReply) == []
    call.tell(answers("call_2", "no"))

    assert len(call.take(StartReply)) == 1


def test_a_client_may_take_all_its_time_to_answer() -> None:
    call = a_client(TOOLS)
    call.caller_says("is there a table")
    call.model_gives(FunctionCall("call_1", "lookup", "{}"))
    call.model_ends()
    call.take()

    call.waits(2 * Limits().tool_ms)

    assert call.take() == []


def test_who_asks_while_the_caller_speaks_need_not_wait() -> None:
    call = a_client()
    call.caller_speaks(300)
    creates(call, "The caller looks angry.", "system")
    call.take()

    call.tell(asks())

    assert [type(output) for output in call.take()] == [ResponseCreated, StartReply]


def test_a_response_that_waits_for_the_caller_to_finish_can_be_cancelled() -> None:
    call = Story()
    call.caller_speaks(300)
    call.tell(asks(metadata={"topic": "x"}))
    call.take()

    call.tell(cancels())

    created, done = call.take(ResponseCreated, ResponseDone)
    assert (created.response.metadata, done.response.metadata) == ({"topic": "x"}, {"topic": "x"})
    assert (done.response.status, done.response.output) == ("cancelled", ())


def test_a_model_is_never_asked_without_a_word() -> None:
    call = a_client(SessionConfig())

    call.tell(asks())

    assert call.prompt is not None
    assert (bool(call.prompt.instructions), call.prompt.turns) == (True, ())
