"""Who is heard, and how much of it."""

from pipeline.floor import Floor, Yielded


def a_floor(*passages_ms: int) -> Floor:
    """Replies that are complete, one behind the other."""
    floor = Floor()
    for number, audio_ms in enumerate(passages_ms):
        floor.take(f"resp_{number}")
        floor.queue(audio_ms)
        floor.complete(f"resp_{number}")
    return floor


def test_a_reply_holds_the_floor_until_its_last_sample_has_left() -> None:
    floor = a_floor(500)

    assert floor.playout(499) == []
    assert floor.audible
    assert floor.playout(500) == [Yielded("resp_0", 500)]
    assert floor.free


def test_a_reply_that_is_still_made_keeps_the_floor_when_its_audio_runs_out() -> None:
    floor = Floor()
    floor.take("resp_0")
    floor.queue(500)

    assert floor.playout(500) == []
    assert not floor.audible
    assert not floor.free


def test_each_reply_is_heard_from_where_the_one_before_ended() -> None:
    floor = a_floor(500, 300)
    floor.playout(600)

    assert (floor.holder, floor.give_up()) == ("resp_1", [Yielded("resp_1", 100)])


def test_what_was_queued_and_not_heard_was_not_heard() -> None:
    floor = a_floor(500, 300)
    floor.playout(200)

    assert floor.give_up() == [Yielded("resp_0", 200), Yielded("resp_1", 0)]


def test_the_tick_that_a_flush_takes_is_not_the_next_replys() -> None:
    floor = a_floor(500)
    floor.playout(200)
    floor.give_up()
    floor.playout(220)

    floor.take("resp_1")
    floor.queue(500)
    floor.playout(320)

    assert floor.give_up() == [Yielded("resp_1", 100)]


def test_silence_between_replies_counts_for_none() -> None:
    floor = a_floor(500)
    floor.playout(500)

    floor.take("resp_1")
    floor.queue(100)

    assert not floor.started
    assert floor.playout(560) == []
    assert floor.started


def test_chunks_of_a_fraction_of_a_millisecond_add_up() -> None:
    floor = Floor()
    floor.take("resp_0")
    for _ in range(480):
        floor.queue(1 / 48)
    floor.complete("resp_0")

    assert floor.playout(10) == [Yielded("resp_0", 10)]


def test_a_reply_without_audio_leaves_the_floor_at_once() -> None:
    floor = a_floor(0)

    assert floor.playout(0) == [Yielded("resp_0", 0)]


def test_what_fills_a_silence_is_no_words_of_the_reply_around_it() -> None:
    floor = Floor()
    floor.take("resp_0")
    floor.queue(500)
    floor.playout(500)
    floor.fill(1_000)
    floor.playout(1_500)
    floor.queue(400)
    floor.playout(1_700)

    assert floor.give_up() == [Yielded("resp_0", 700)]


def test_what_fills_a_silence_holds_no_floor_and_the_next_reply_begins_after_it() -> None:
    floor = a_floor()
    floor.fill(1_000)
    floor.playout(300)
    assert (floor.free, floor.filling, floor.audible) == (True, True, False)
    assert floor.unfill()

    floor.take("resp_0")
    floor.queue(500)
    floor.playout(700)

    assert (floor.filling, floor.unfill(), floor.give_up()) == (False, False, [Yielded("resp_0", 400)])


def test_silences_of_a_fraction_of_a_millisecond_do_not_keep_a_reply_from_its_end() -> None:
    floor = Floor()
    floor.take("resp_0")
    for number in range(5):
        floor.playout(100 * number)
        floor.fill(100.9)
    floor.playout(504)
    floor.queue(100)
    floor.complete("resp_0")

    assert floor.playout(604) == [Yielded("resp_0", 100)]
