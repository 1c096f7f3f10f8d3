"""How well a call is heard."""

import pytest

from telephony.quality import Heard


@pytest.mark.parametrize(
    ("heard", "mos"),
    [
        (Heard(received=1_000), 4.41),
        (Heard(received=1_000, delay_ms=150), 4.33),
        (Heard(received=1_000, delay_ms=400), 3.05),
        (Heard(received=990, lost=10), 4.32),
        (Heard(received=950, lost=50), 3.92),
        (Heard(received=500, lost=500), 1.61),
    ],
)
def test_loss_and_delay_are_heard(heard: Heard, mos: float) -> None:
    assert heard.mos == pytest.approx(mos, abs=0.05)


@pytest.mark.parametrize(
    ("heard", "after_s", "who"),
    [
        (Heard(received=0, sent=500), 4.9, ""),
        (Heard(received=0, sent=500), 5.0, "us"),
        (Heard(received=500, sent=500), 9.0, ""),
        (Heard(received=500, sent=500, lost_there=20), 9.0, ""),
        (Heard(received=500, sent=500, lost_there=480), 9.0, "far_end"),
        (Heard(received=500, sent=50, lost_there=50), 9.0, ""),
    ],
)
def test_audio_that_goes_one_way_is_told_with_who_hears_nobody(heard: Heard, after_s: float, who: str) -> None:
    assert heard.is_one_way(after_s) == who


def test_two_streams_of_a_call_count_by_what_they_brought() -> None:
    first = Heard(received=900, lost=100, jitter_ms=4, delay_ms=40, sent=1_000)
    second = Heard(received=300, jitter_ms=8, delay_ms=80, sent=300, lost_there=3)

    both = Heard(received=1_200, lost=100, jitter_ms=5, delay_ms=50, sent=1_300, lost_there=3)
    assert first.and_then(second) == both
    assert (Heard().and_then(first), first.and_then(Heard())) == (first, first)
