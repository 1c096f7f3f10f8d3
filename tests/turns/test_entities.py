"""What callers of the corpus say when something was asked for: nobody is cut off before it is there."""

from itertools import chain

import pytest

from pipeline.entities import NOT_YET, PERHAPS, THERE, Awaited, awaited, filled
from pipeline.realtime.config import FunctionTool
from telephony.bench.turns.corpus import Utterance, as_recognised, utterances

ABOUT = {"digits": "customer number", "phone": "phone number", "card": "card number"}
ASKED = [each for each in utterances() if each.asked]


def tools_for(each: Utterance) -> tuple[FunctionTool, ...]:
    """A function that takes what was asked for, with its length where it is known."""
    if each.length is None:
        return ()
    schema = {"type": "string", "description": ABOUT[each.kind], "pattern": rf"^\d{{{each.length}}}$"}
    return (FunctionTool(name="look_up", parameters={"type": "object", "properties": {"value": schema}}),)


def wanted_of(each: Utterance) -> Awaited | None:
    return awaited(each.asked, tools_for(each), each.language)


@pytest.mark.parametrize("each", [each for each in ASKED if each.length], ids=lambda each: each.text)
@pytest.mark.parametrize("spelling", [str, as_recognised])
def test_a_known_length_tells_for_sure(each: Utterance, spelling: type[str]) -> None:
    assert filled(spelling(each.text), wanted_of(each), each.language) == (THERE if each.finished else NOT_YET)


def test_without_a_length_whoever_has_finished_is_hardly_ever_kept_waiting_to_the_end() -> None:
    whole = [each for each in ASKED if each.finished and not each.length]
    given = [filled(each.text, wanted_of(each), each.language) for each in whole]

    assert given.count(NOT_YET) == 0


def test_without_a_length_most_are_waited_for() -> None:
    cut = [each for each in ASKED if not each.finished and not each.length]
    given = list(
        chain.from_iterable(
            (filled(spelling(each.text), wanted_of(each), each.language) for spelling in (str, as_recognised))
            for each in cut
        )
    )

    assert (given.count(NOT_YET) + given.count(PERHAPS)) / len(given) > 0.85
    assert given.count(THERE) == 0
