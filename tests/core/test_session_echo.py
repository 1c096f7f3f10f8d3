"""A telephone sends the agent's own voice back: that is nobody's speech, and what began with it is forgotten."""

from pipeline.manners import Manners
from pipeline.realtime.ours import BargeInJudged, EchoHeard
from pipeline.signals import FlushPlayout, Greet, PausePlayout, ResumePlayout, Setting
from tests.drive.story import MS_PER_CHARACTER, SPEECH, Story

STORY = "There once was a restaurant by the sea. It had a garden full of roses, and a cat that slept on the piano."
STORY_MS = len(STORY) * MS_PER_CHARACTER
HEARD_MS = 1_000
ECHO, CALLER = 0.1, 0.8


def an_agent_who_tells(manners: Manners | None = None) -> Story:
    call = Story(setting=Setting(manners=manners or Manners()))
    call.tell(Greet())
    call.agent_says(STORY)
    call.passes(HEARD_MS)
    call.take()
    return call


def test_an_echo_is_told_of_once_and_disturbs_nobody() -> None:
    call = an_agent_who_tells()

    call.line_brings(3_000, SPEECH, ECHO)
    call.passes(STORY_MS)

    assert call.take_names() == ["offhook.echo_heard", "output_audio_buffer.stopped"]
    assert call.played_ms == STORY_MS


def test_an_echo_does_not_interrupt_an_agent_that_yields_at_once() -> None:
    call = an_agent_who_tells(Manners(two_step=False))

    call.line_brings(3_000, SPEECH, ECHO)

    assert call.take(FlushPlayout) == []


def test_an_utterance_that_turns_out_to_be_an_echo_is_forgotten_with_its_words() -> None:
    call = an_agent_who_tells()
    item_id = call.response_id

    call.line_brings(60, SPEECH, CALLER)
    call.recogniser_shows("restaurant by the sea")
    call.line_brings(200, SPEECH, ECHO)
    call.passes(STORY_MS)
    call.recogniser_hears("restaurant by the sea")

    assert call.take_names() == [
        *("input_audio_buffer.speech_started", "BeginUtterance", "PausePlayout", "offhook.partial_transcript"),
        "offhook.echo_heard",
        *("EndUtterance", "input_audio_buffer.cleared", "offhook.echo_heard", "ResumePlayout"),
        "output_audio_buffer.stopped",
    ]
    assert (call.played_ms, call.response_id) == (STORY_MS, item_id)


def test_the_first_echo_of_a_call_is_known_by_how_it_ends() -> None:
    call = an_agent_who_tells()

    call.line_brings(200, SPEECH, CALLER)
    call.line_brings(100, SPEECH, ECHO)
    call.line_brings(400, SPEECH, ECHO)
    call.line_brings(200, SPEECH, CALLER)
    call.line_brings(100, SPEECH, ECHO)

    assert [event.item_id for event in call.take(EchoHeard)] == [None, "item_2"]


def test_what_is_forgotten_is_named() -> None:
    call = an_agent_who_tells()

    call.line_brings(60, SPEECH, CALLER)
    call.line_brings(100, SPEECH, ECHO)

    told = call.take(EchoHeard)
    assert [event.item_id for event in told] == [None, "item_2"]
    assert {event.response_id for event in told} == {call.response_id}


def test_an_echo_after_the_last_word_is_no_turn_of_the_caller() -> None:
    call = an_agent_who_tells()
    call.passes(STORY_MS)
    call.take()

    call.line_brings(60, SPEECH, CALLER)
    call.line_brings(300, SPEECH, ECHO)
    call.passes(1_000)
    call.recogniser_hears("slept on the piano")

    names = call.take_names()
    assert "input_audio_buffer.committed" not in names
    assert "StartReply" not in names


def test_a_caller_interrupts_over_the_echo() -> None:
    call = an_agent_who_tells()

    call.line_brings(400, SPEECH, ECHO)
    call.line_brings(300, SPEECH, CALLER)
    call.line_brings(100, SPEECH, ECHO)
    call.line_brings(300, SPEECH, CALLER)
    call.recogniser_shows("no wait")
    call.passes(200)

    assert [type(output) for output in call.take(PausePlayout, ResumePlayout, FlushPlayout)] == [
        PausePlayout,
        FlushPlayout,
    ]
    assert [event.verdict for event in call.outputs if isinstance(event, BargeInJudged)] == ["interruption"]
