"""Which utterance a vendor's words belong to, by the time that it gives them."""

from math import inf, nan

import pytest

from pipeline.audio import NARROW_HZ
from pipeline.providers import Transcript, TurnVerdict
from pipeline.providers.utterances import Utterances


@pytest.mark.parametrize(
    ("time_s", "number"), [(0.5, 1), (1.0, 1), (1.5, 2), (-1.0, None), (1e300, None), (inf, None), (nan, None)]
)
def test_a_moment_lies_in_one_utterance_or_in_none(time_s: float, number: int | None) -> None:
    posted: list[Transcript | TurnVerdict] = []
    utterances = Utterances(NARROW_HZ, posted.append)
    utterances.begin(1)
    utterances.grow(NARROW_HZ)
    utterances.end(1)
    utterances.begin(2)

    one = utterances.at(time_s)

    assert (one and one.number) == number
