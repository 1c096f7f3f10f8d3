"""What the process counts, as Prometheus reads it."""

from pipeline.ahead import Spent
from pipeline.observe import Counters
from pipeline.realtime.ours import BargeInJudged, EchoHeard, TurnDecided, TurnGrounds, TurnTimeline
from telephony.control.metrics import exposition
from telephony.tally import tally, tally_judged, tally_spent


def test_counters_and_levels_are_told_with_their_kinds_once_for_each_name() -> None:
    counters = Counters()
    counters.count("calls_ended", by="caller", reason="hung_up")
    counters.count("calls_ended", by="us", reason="transferred")
    counters.count("something_new", 3)
    counters.watch("calls_live", lambda: 2)

    assert exposition(counters).splitlines() == [
        "# HELP offhook_calls_live Calls under way on this node.",
        "# TYPE offhook_calls_live gauge",
        "offhook_calls_live 2",
        "# HELP offhook_calls_ended_total Calls that have ended, by who ended them and why.",
        "# TYPE offhook_calls_ended_total counter",
        'offhook_calls_ended_total{by="caller",reason="hung_up"} 1',
        'offhook_calls_ended_total{by="us",reason="transferred"} 1',
        "# TYPE offhook_something_new_total counter",
        "offhook_something_new_total 3",
    ]


def test_a_labels_value_cannot_end_its_line() -> None:
    counters = Counters()
    counters.count("calls_ended", reason='a "b"\n\\c')

    assert exposition(counters).splitlines()[-1] == r'offhook_calls_ended_total{reason="a \"b\"\n\\c"} 1'


def test_what_was_begun_ahead_is_told_by_its_outcome_and_tokens_by_their_use() -> None:
    counters = Counters()
    for spent in (Spent("asked", 100), Spent("adopted", 40), Spent("dropped", 30), Spent("failed", 5)):
        tally_spent(counters, spent)
    tally_spent(counters, Spent("held_back"))

    assert counters.snapshot() == {
        'llm_tokens{use="answers"}': 140,
        'llm_tokens{use="wasted"}': 35,
        'speculations{outcome="adopted"}': 1,
        'speculations{outcome="dropped"}': 1,
        'speculations{outcome="failed"}': 1,
        'speculations{outcome="held_back"}': 1,
    }


def test_how_the_judge_of_sound_keeps_up_is_told() -> None:
    counters = Counters()
    for judged in ("given", "called_off", "not_given", "not_given"):
        tally_judged(counters, judged)

    assert exposition(counters).splitlines()[1:] == [
        "# TYPE offhook_sound_judgements_total counter",
        'offhook_sound_judgements_total{outcome="called_off"} 1',
        'offhook_sound_judgements_total{outcome="given"} 1',
        'offhook_sound_judgements_total{outcome="not_given"} 2',
    ]


def test_what_is_counted_of_turns_is_explained() -> None:
    counters = Counters()
    for event in (
        TurnDecided(event_id="e", grounds=TurnGrounds("i", "words", 240)),
        TurnTimeline(event_id="e", response_id="r", stages={"speech_end": 10.0, "queued": 610.0}),
        BargeInJudged(event_id="e", item_id="i", response_id="r", verdict="noise", words="", took_ms=300, heard_ms=900),
        EchoHeard(event_id="e", response_id="r"),
    ):
        tally(counters, event)
    lines = exposition(counters).splitlines()
    explained, told = ([line.split()[2] for line in lines if line.startswith(kind)] for kind in ("# HELP", "# TYPE"))

    assert explained == told
    assert 'offhook_turn_silence_ms_total{why="words"} 240' in lines
    assert 'offhook_echoes_total{taken_for="nobody"} 1' in lines
    assert "offhook_answer_ms_total 600" in lines
