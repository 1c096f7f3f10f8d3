"""The caller presses keys."""

from pipeline.providers import Message
from pipeline.realtime.config import Audio, AudioInput, ServerVad, SessionConfig
from pipeline.realtime.events import DtmfReceived
from pipeline.signals import Digit, FlushPlayout, Greet, Limits, StartReply
from tests.drive.story import Story

PAUSE_MS = Limits().keys.pause_ms


def test_keys_reach_the_agent_together_after_a_pause() -> None:
    call = Story()
    call.caller_presses("42")
    call.passes(PAUSE_MS - 20)
    assert call.take(StartReply) == []

    call.passes(20)

    assert call.said_so_far() == [("user", "[digits: 42]")]


def test_each_key_counts_from_the_one_before() -> None:
    call = Story()
    for key in "123":
        call.caller_presses(key)
        call.passes(PAUSE_MS - 20)

    assert call.take(StartReply) == []


def test_the_hash_key_ends_the_entry_at_once() -> None:
    call = Story()

    call.caller_presses("12#")

    assert call.said_so_far() == [("user", "[digits: 12]")]


def test_the_hash_key_alone_is_a_key() -> None:
    call = Story()

    call.caller_presses("#")

    assert call.said_so_far() == [("user", "[digits: #]")]


def test_a_key_is_told_as_it_is_pressed() -> None:
    call = Story()
    call.take()

    call.tell(Digit("5", 1_700_000_000))

    assert call.take() == [DtmfReceived(event_id="", event="5", received_at=1_700_000_000)]


def test_a_key_silences_the_agent() -> None:
    call = Story()
    call.tell(Greet())
    call.agent_says("For sales press one. For service press two.", ms=5_000)
    call.passes(1_000)

    call.caller_presses("1#")
    call.passes(1_000)

    assert call.played_ms == 1_000
    assert call.said_so_far()[-1] == ("user", "[digits: 1]")


def test_an_agent_who_may_not_be_interrupted_answers_the_keys_afterwards() -> None:
    call = Story(SessionConfig(audio=Audio(input=AudioInput(turn_detection=ServerVad(interrupt_response=False)))))
    call.tell(Greet())
    call.model_says("For sales press one.")
    call.caller_presses("1#")
    assert call.take(FlushPlayout) == []

    call.model_ends()
    call.voice_speaks()

    assert call.said_so_far() == [("assistant", "For sales press one."), ("user", "[digits: 1]")]


def test_keys_pressed_while_speaking_are_answered_with_the_words() -> None:
    call = Story()
    call.caller_speaks(300)
    call.caller_presses("7#")
    assert call.take(StartReply) == []

    call.caller_stops()
    call.recogniser_hears("that is my number")

    assert call.prompt is not None
    assert call.prompt.turns == (Message("user", "that is my number"), Message("user", "[digits: 7]"))


def test_words_wait_for_the_keys_that_are_still_pressed() -> None:
    call = Story()
    call.caller_speaks(300)
    call.caller_stops()
    call.caller_presses("7")
    call.recogniser_hears("my number is")
    assert call.take(StartReply) == []

    call.passes(PAUSE_MS)

    assert call.said_so_far() == [("user", "my number is"), ("user", "[digits: 7]")]


def test_keys_are_answered_also_when_the_caller_then_coughs() -> None:
    call = Story()
    call.caller_presses("7")
    call.passes(PAUSE_MS - 100)
    call.caller_speaks(60)
    call.caller_stops()
    call.recogniser_hears("")

    assert call.said_so_far() == [("user", "[digits: 7]")]


def test_a_client_that_answers_for_itself_is_only_told() -> None:
    call = Story(SessionConfig(audio=Audio(input=AudioInput(turn_detection=None))))

    call.take()

    call.caller_presses("7#")

    assert call.take_names() == [
        "input_audio_buffer.dtmf_event_received",
        "input_audio_buffer.dtmf_event_received",
        "conversation.item.added",
        "conversation.item.done",
    ]
