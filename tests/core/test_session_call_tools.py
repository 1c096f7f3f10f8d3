"""The agent presses keys, asks for an entry of keys, and pauses the recording."""

import json

import pytest

from pipeline.providers import FunctionOutput
from pipeline.signals import Greet, Output, Permissions, PressKeys, SetRecording, StartReply
from tests.drive.story import Story

ALLOWED = Permissions(keys=True, recording=True)


def an_agent_who_calls(name: str, arguments: str, *, says: str = "", permissions: Permissions = ALLOWED) -> Story:
    call = Story(permissions=permissions)
    call.caller_says("hello")
    call.take()
    if says:
        call.model_says(says)
    call.model_calls(name, arguments)
    call.model_ends()
    return call


def acts(call: Story) -> list[Output]:
    return call.take(PressKeys, SetRecording)


def test_the_tools_are_those_that_the_route_allows() -> None:
    offered = []
    for permissions in (Permissions(), Permissions(keys=True), Permissions(recording=True)):
        call = Story(permissions=permissions)
        call.caller_says("hello")
        assert call.prompt is not None
        offered.append([tool.name for tool in call.prompt.tools])

    assert offered == [[], ["send_digits", "collect_digits"], ["set_recording"]]


def test_keys_are_pressed_and_nothing_is_said_about_it() -> None:
    call = an_agent_who_calls("send_digits", '{"digits": "12#"}')
    call_acts, asked_again = acts(call), call.take(StartReply)

    assert (call_acts, asked_again) == ([PressKeys("12#")], [])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("send_digits", '{"digits": "12x"}'),
        ("send_digits", "{}"),
        ("send_digits", "nonsense"),
        ("set_recording", '{"state": "perhaps"}'),
        ("collect_digits", '{"length": -1}'),
    ],
)
def test_what_is_asked_wrongly_is_not_done_and_the_model_is_told_why(name: str, arguments: str) -> None:
    call = an_agent_who_calls(name, arguments)
    nothing = acts(call)

    assert nothing == []
    assert call.prompt is not None
    (told,) = [turn.output for turn in call.prompt.turns if isinstance(turn, FunctionOutput)]
    assert json.loads(told)["error"]


def test_what_is_not_allowed_is_not_done() -> None:
    call = an_agent_who_calls("send_digits", '{"digits": "1"}', permissions=Permissions())

    assert acts(call) == []


def test_an_entry_is_complete_at_its_length_and_the_next_one_as_usual() -> None:
    call = an_agent_who_calls("collect_digits", '{"length": 4}', says="Your customer number, please.")
    call.voice_speaks()
    call.caller_presses("1234")
    first = call.said_so_far()[-1]
    call.caller_presses("12345#")

    assert [first, call.said_so_far()[-1]] == [("user", "[digits: 1234]"), ("user", "[digits: 12345]")]


def test_an_entry_waits_as_long_as_the_agent_said() -> None:
    call = an_agent_who_calls("collect_digits", '{"pause_ms": 5000, "terminator": "*"}', says="Your number, please.")
    call.voice_speaks()
    call.take()
    call.caller_presses("12#")
    call.passes(4_900)
    assert call.take(StartReply) == []

    call.caller_presses("*")

    assert call.said_so_far()[-1] == ("user", "[digits: 12#]")


def test_a_model_that_asked_in_silence_is_asked_for_words() -> None:
    call = an_agent_who_calls("collect_digits", "{}")

    assert len(call.take(StartReply)) == 1


def test_a_reply_that_is_cut_pauses_nothing() -> None:
    call = Story(permissions=ALLOWED)
    call.tell(Greet())
    call.model_says("Your card number, please.")
    call.model_calls("set_recording", '{"state": "paused"}')
    call.voice_speaks()
    call.caller_speaks(800)

    assert acts(call) == []


def test_a_recording_is_paused() -> None:
    call = an_agent_who_calls("set_recording", '{"state": "paused"}', says="Your card number, please.")
    call.voice_speaks()

    assert acts(call) == [SetRecording("paused")]
