"""The agent ends the call, or hands it over; the caller may have other plans."""

from pipeline.providers import FunctionOutput
from pipeline.realtime.events import ResponseCreated, SpeechStopped
from pipeline.signals import (
    EndCall,
    FlushPlayout,
    Greet,
    Limits,
    Permissions,
    StartReply,
    TimeIsUp,
    TransferCall,
    TransferFailed,
)
from tests.drive.client import answers, asks
from tests.drive.story import SPEECH, Story

ALLOWED = Permissions(hang_up=True, transfer_targets={"sales": "sip:sales@example.com"})


def an_agent_who_says_goodbye() -> Story:
    """The caller said bye; "Goodbye." plays for a second and the call is to end after it."""
    call = Story(permissions=ALLOWED)
    call.caller_says("bye")
    call.model_says("Goodbye.")
    call.model_calls("hang_up")
    call.model_ends()
    call.voice_speaks(1_000)
    call.take()
    return call


def an_agent_who_hands_over() -> Story:
    """The caller asked for sales; "One moment." plays for a second and the transfer is to follow."""
    call = Story(permissions=ALLOWED)
    call.caller_says("sales please")
    call.model_says("One moment.")
    call.model_calls("transfer", '{"target": "sales"}')
    call.model_ends()
    call.voice_speaks(1_000)
    call.take()
    return call


def outputs_given(call: Story) -> list[str]:
    assert call.prompt is not None
    return [turn.output for turn in call.prompt.turns if isinstance(turn, FunctionOutput)]


def test_the_call_ends_when_the_goodbye_has_been_heard() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(980)
    assert call.take(EndCall) == []

    call.passes(20)

    assert call.take(EndCall) == [EndCall("us", "agent_hung_up")]


def test_an_agent_may_hang_up_without_a_word() -> None:
    call = Story(permissions=ALLOWED)
    call.caller_says("bye")
    call.model_calls("hang_up")
    call.model_ends()

    call.passes(20)

    assert call.take(EndCall) == [EndCall("us", "agent_hung_up")]


def test_nothing_happens_after_the_end() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(1_000)
    call.take()

    call.passes(1_000, SPEECH)
    call.passes(1_000)
    call.tell(Greet())
    call.caller_presses("1")
    call.tell(TimeIsUp())

    assert call.take() == []


def test_a_caller_who_goes_on_talking_takes_the_goodbye_back() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(400)
    call.caller_says("wait one more thing")
    call.agent_says("Yes?", ms=500)
    call.passes(5_000)

    assert call.take(EndCall) == []
    assert call.said_so_far()[-2:] == [
        ("user", "wait one more thing"),
        ("FunctionOutput", '{"error": "not done: the caller went on talking"}'),
    ]


def test_a_cough_during_the_goodbye_changes_nothing() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(400)
    call.caller_speaks(100)
    call.caller_stops()
    assert call.take(EndCall) == []

    call.recogniser_hears("")
    call.passes(400)

    assert call.take(EndCall, StartReply) == [EndCall("us", "agent_hung_up")]


def test_a_caller_who_says_goodbye_too_is_not_cut_off() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(900)

    call.caller_speaks(400)
    assert call.take(EndCall) == []
    call.caller_stops()
    call.recogniser_hears("bye bye")
    call.model_calls("hang_up", call_id="call_2")
    call.model_ends()
    call.passes(20)

    assert call.take(EndCall) == [EndCall("us", "agent_hung_up")]


def test_a_key_takes_the_goodbye_back() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(400)

    call.caller_presses("1#")

    assert call.said_so_far()[-1] == ("user", "[digits: 1]")
    call.passes(5_000)
    assert call.take(EndCall) == []


def test_a_noise_that_never_ends_does_not_hold_the_call_for_ever() -> None:
    call = an_agent_who_says_goodbye()
    call.passes(400)

    call.passes(Limits().farewell_ms, SPEECH)

    assert call.take(EndCall) == [EndCall("us", "agent_hung_up")]


def test_a_transfer_waits_for_the_words_before_it() -> None:
    call = an_agent_who_hands_over()
    call.passes(980)
    assert call.take(TransferCall) == []

    call.passes(20)

    assert call.take(TransferCall) == [TransferCall("sip:sales@example.com")]


def test_thank_you_does_not_stop_a_transfer() -> None:
    call = an_agent_who_hands_over()
    call.passes(400)

    call.caller_says("thank you")
    call.passes(1_000)

    assert call.take(FlushPlayout, ResponseCreated, TransferCall) == [TransferCall("sip:sales@example.com")]


def test_the_agent_is_silent_while_the_call_is_handed_over() -> None:
    call = an_agent_who_hands_over()
    call.passes(1_000)
    call.take()

    call.caller_says("hello")
    call.tell(asks())
    call.passes(10_000)

    assert call.take(ResponseCreated, StartReply) == []


def test_a_transfer_that_fails_comes_back_to_the_agent() -> None:
    call = an_agent_who_hands_over()
    call.passes(1_000)

    call.tell(TransferFailed(486, "busy"))

    assert outputs_given(call) == ['{"error": "the transfer failed: busy (SIP code 486)"}']


def test_a_transfer_that_fails_while_the_caller_speaks_is_told_after_the_words() -> None:
    call = an_agent_who_hands_over()
    call.passes(1_000)
    call.caller_speaks(400)
    call.take()

    call.tell(TransferFailed(486, "busy"))
    assert call.take(StartReply) == []
    call.caller_stops()
    call.recogniser_hears("is anyone there")

    assert call.said_so_far()[-2:] == [
        ("FunctionOutput", '{"error": "the transfer failed: busy (SIP code 486)"}'),
        ("user", "is anyone there"),
    ]


def test_a_transfer_that_nobody_asked_for_cannot_fail() -> None:
    call = Story(permissions=ALLOWED)
    call.take()

    call.tell(TransferFailed(486, "busy"))

    assert call.take() == []


def test_whatever_else_is_answered_for_the_transfer_the_model_learns_last_what_became_of_it() -> None:
    call = an_agent_who_hands_over()
    call.passes(1_000)

    call.tell(answers("call_1", "all done"))
    call.tell(TransferFailed(404, "not_found"))

    assert outputs_given(call)[-1] == '{"error": "the transfer failed: not found (SIP code 404)"}'


def test_a_transfer_to_nowhere_is_explained_to_the_model() -> None:
    call = Story(permissions=ALLOWED)
    call.caller_says("the president please")
    call.model_calls("transfer", '{"target": "president"}')
    call.model_ends()

    assert outputs_given(call) == ['{"error": "unknown target", "targets": ["sales"]}']


def test_an_agent_who_wants_to_hang_up_and_hand_over_does_the_first() -> None:
    call = Story(permissions=ALLOWED)
    call.caller_says("sales please")
    call.model_calls("transfer", '{"target": "sales"}', call_id="call_1")
    call.model_calls("hang_up", call_id="call_2")
    call.model_ends()

    call.passes(1_000)

    assert call.take(TransferCall, EndCall) == [TransferCall("sip:sales@example.com")]


def test_a_goodbye_that_was_interrupted_while_it_was_made_is_not_meant_any_more() -> None:
    call = Story(permissions=ALLOWED)
    call.caller_says("bye")
    call.model_says("Goodbye.")
    call.model_calls("hang_up")

    call.caller_says("wait")

    assert outputs_given(call) == ['{"error": "not done: the reply that asked for it was cut short"}']


def test_the_longest_call_ends() -> None:
    call = Story()
    call.tell(Greet())
    call.agent_says("Welcome.", ms=1_000)
    call.take()

    call.tell(TimeIsUp())

    assert call.take_names() == ["FlushPlayout", "conversation.item.truncated", "EndCall"]


def test_a_caller_who_hangs_up_leaves_nothing_open() -> None:
    call = Story()
    call.tell(Greet())
    call.model_says("Welcome to the ")
    call.take()

    call.outputs += call.session.closed()

    assert call.take_names() == [
        "FlushPlayout",
        "CancelReply",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "conversation.item.truncated",
    ]


def test_words_that_arrive_after_the_end_are_still_written_down() -> None:
    call = Story()
    call.caller_speaks(600)
    call.caller_stops()
    call.tell(TimeIsUp())
    call.take()

    call.recogniser_hears("hello")

    assert call.take_names() == [
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert call.take(SpeechStopped) == []
