"""What a received stream tells about loss, evenness and who spoke when."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.wire.listening import (
    Talk,
    TalkSpotter,
    first_audible,
    gap_errors_ms,
    last_audible,
    lost_packets,
    missing_packets,
    percentiles,
)

MS = 1_000_000
LOUD, IDLE = 2_000, 8


def a_stream(*levels: int) -> TalkSpotter:
    spotter = TalkSpotter(hangover_ms=100)
    for at, level in enumerate(levels):
        spotter.hear(20.0 * at, level)
    return spotter


def test_talk_runs_from_the_first_audible_packet_to_the_last() -> None:
    assert a_stream(IDLE, IDLE, LOUD, LOUD, LOUD, IDLE).talks == [Talk(40, 80)]


def test_a_short_pause_is_part_of_the_talk() -> None:
    assert a_stream(LOUD, IDLE, IDLE, IDLE, LOUD).talks == [Talk(0, 80)]


def test_after_the_hangover_a_new_talk_begins() -> None:
    assert a_stream(LOUD, *[IDLE] * 6, LOUD).talks == [Talk(0, 0), Talk(140, 140)]


def test_silence_is_counted_from_the_last_audible_packet_or_from_when_we_asked() -> None:
    stream = a_stream(LOUD, LOUD, IDLE)

    assert (stream.silent_ms(100, since_ms=0), stream.silent_ms(100, since_ms=70)) == (80, 30)


def test_the_answer_to_a_question_is_the_first_talk_that_began_after_it() -> None:
    talks = [Talk(0, 500), Talk(1_400, 2_000)]

    assert (first_audible(talks, after_ms=700), first_audible(talks, after_ms=2_100)) == (1_400, None)


def test_an_interrupted_agent_is_heard_until_its_talk_stops() -> None:
    talks = [Talk(0, 500), Talk(1_400, 2_000)]

    assert (last_audible(talks, at_ms=1_900), last_audible(talks, at_ms=1_000)) == (2_000, None)


def test_lost_packets_are_counted_across_the_wrap_of_the_sequence() -> None:
    assert lost_packets([65_533, 65_534, 1, 2, 4], [7] * 5) == 3


def test_a_new_source_starts_its_own_count() -> None:
    assert lost_packets([10, 11, 40_000, 40_002], [1, 1, 2, 2]) == 1


@given(st.integers(0, 65_535), st.permutations(range(50)))
def test_packets_that_overtake_one_another_are_not_lost(first: int, order: list[int]) -> None:
    assert lost_packets([(first + at) % 65_536 for at in order], [3] * 50) == 0


@given(st.integers(0, 65_535), st.sets(st.integers(1, 498)))
def test_every_hole_is_counted(first: int, lost: set[int]) -> None:
    came = [(first + at) % 65_536 for at in range(500) if at not in lost]

    assert lost_packets(came, [3] * len(came)) == len(lost)


def test_a_stream_that_stops_early_owes_the_rest() -> None:
    arrivals = [at * 20 * MS for at in range(50)]

    assert missing_packets(arrivals, begin_ns=0, end_ns=2_000 * MS) == 51


def test_a_stream_that_never_came_owes_everything() -> None:
    assert missing_packets([], begin_ns=0, end_ns=3_000 * MS) == 150


def test_a_whole_stream_owes_nothing() -> None:
    assert missing_packets([at * 20 * MS for at in range(100)], begin_ns=0, end_ns=2_000 * MS) == 0


def test_the_gap_error_is_the_distance_from_twenty_milliseconds() -> None:
    assert gap_errors_ms([0, 20 * MS, 45 * MS, 60 * MS]).tolist() == [0, 5, 5]


def test_percentiles_name_themselves() -> None:
    assert percentiles(list(range(101)), 50, 99.9, 100) == {"p50": 50, "p99_9": 99.9, "max": 100}


def test_no_figures_are_no_percentiles() -> None:
    assert percentiles([], 50, 95) == {"p50": None, "p95": None}
