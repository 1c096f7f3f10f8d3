"""The stages of a turn, and whose turn it was."""

from itertools import count

import pytest

from pipeline.providers import FunctionOutput, Message, Prompt, Transcript, Turn
from pipeline.realtime.ours import TurnGrounds
from pipeline.signals import EndUtterance, Play, StartReply
from pipeline.timeline import Timeline

GROUNDS = TurnGrounds("item_1", "words", 200)


def answered(*turns: Turn) -> tuple[list[str], TurnGrounds | None]:
    """The stages of the answer to these turns, before which the caller was heard, and the grounds that it tells."""
    clock = count(1_000, 100)
    timeline = Timeline(lambda: float(next(clock)))
    timeline.turn_decided(EndUtterance(1, 200, GROUNDS))
    timeline.reached(Transcript(1, "uh-huh", final=True))
    timeline.asked(StartReply("response_1", Prompt("", turns)), foreseen=False)
    told = timeline.played(Play("response_1", bytes(960), "item_2"))
    assert told is not None
    return list(told[0]), told[1]


def test_an_answer_to_words_has_the_stages_of_the_turn() -> None:
    stages, grounds = answered(Message("user", "uh-huh"))

    assert stages == ["speech_end", "turn_decided", "transcript_final", "asked", "queued"]
    assert grounds == GROUNDS


@pytest.mark.parametrize("last", [Message("user", "[digits: 5]"), FunctionOutput("call_1", "{}")])
def test_an_answer_to_something_else_has_nothing_of_a_turn_that_was_not_answered(last: Turn) -> None:
    assert answered(Message("user", "tell me a tale"), Message("assistant", "Once."), last) == (
        ["asked", "queued"],
        None,
    )
