"""Simulated speech keeps its words apart through G.711, gaps and cuts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import NARROW_HZ, WIDE_HZ, Resampler, alaw_decoded, alaw_encoded, bytes_of, ms_of, ulaw_encoded
from pipeline.audio import ulaw_decoded as ulaw
from telephony.bench.vendor_servers.tone_words import CODES, code_of, heard_words, speech, word_ms, words_of

RECEPTION = (
    "Good evening, this is the front desk of a small restaurant. We have a table for four at seven thirty tonight, "
    "would you like to book that one now? It is very, very good: it is the one by the window."
)
VOCABULARY = sorted({code_of(word): word for word in (f"word{nth}" * (1 + nth % 4) for nth in range(900))}.values())
TEXTS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12, unique=True).map(" ".join)
QUICK = settings(max_examples=40, deadline=None)


def phoned(pcm: bytes) -> bytes:
    return ulaw(ulaw_encoded(Resampler(WIDE_HZ, NARROW_HZ).process(pcm)))


def said(text: str, speed: float = 1.0) -> bytes:
    return phoned(b"".join(speech(text, speed)))


def silence(ms: int) -> bytes:
    return bytes(bytes_of(ms, WIDE_HZ))


def test_there_are_more_codes_than_words_in_a_reply_and_every_word_keeps_its_own() -> None:
    assert CODES >= 100
    assert code_of("Hello,") == code_of("hello") == code_of("(HELLO)")


def test_a_word_takes_a_third_of_a_second_more_or_less() -> None:
    lengths = [word_ms(word) for word in words_of(RECEPTION)]

    assert 270 < sum(lengths) / len(lengths) < 370
    assert [ms_of(pcm, WIDE_HZ) for pcm in speech(RECEPTION)] == lengths
    assert word_ms("restaurant") > word_ms("a")


def test_what_is_no_word_is_not_spoken() -> None:
    assert words_of("Yes - no ... 42 % …") == ["Yes", "no", "42"]
    assert speech("... !") == []


def test_each_word_of_a_reply_is_heard_though_some_occur_twice() -> None:
    assert heard_words(said(RECEPTION), RECEPTION) == list(range(len(words_of(RECEPTION))))


def test_a_law_hears_the_same() -> None:
    pcm = alaw_decoded(alaw_encoded(Resampler(WIDE_HZ, NARROW_HZ).process(b"".join(speech(RECEPTION)))))

    assert heard_words(pcm, RECEPTION) == list(range(len(words_of(RECEPTION))))


@QUICK
@given(text=TEXTS, speed=st.sampled_from([0.7, 1.0, 1.2, 1.5]))
def test_every_word_is_heard_once_and_in_order(text: str, speed: float) -> None:
    assert heard_words(said(text, speed), text, speed=speed) == list(range(len(words_of(text))))


@QUICK
@given(text=TEXTS, lost=st.sets(st.integers(0, 11)))
def test_lost_words_are_missed(text: str, lost: set[int]) -> None:
    kept = [place for place in range(len(words_of(text))) if place not in lost]

    assert heard_words(phoned(b"".join(speech(text)[place] for place in kept)), text) == kept


@QUICK
@given(text=TEXTS, stopped=st.integers(1, 12), resumed=st.integers(0, 11))
def test_what_another_voice_says_again_is_heard_twice(text: str, stopped: int, resumed: int) -> None:
    words = speech(text)
    order = [*range(len(words))[:stopped], *range(len(words))[min(resumed, stopped) :]]

    assert heard_words(phoned(b"".join(words[place] for place in order)), text) == order


@QUICK
@given(text=TEXTS, at=st.floats(0, 1), gap_ms=st.integers(10, 3_000))
def test_a_gap_in_the_playout_loses_and_doubles_nothing(text: str, at: float, gap_ms: int) -> None:
    pcm = b"".join(speech(text))
    cut = int(len(pcm) * at) // 2 * 2

    heard = heard_words(phoned(pcm[:cut] + silence(gap_ms) + pcm[cut:]), text)

    assert heard == list(range(len(words_of(text))))


@QUICK
@given(
    word=st.sampled_from(VOCABULARY),
    part=st.floats(0.05, 1.0),
    share=st.sampled_from([0.3, 0.5, 0.8]),
    late=st.booleans(),
)
def test_a_cut_word_counts_when_enough_of_it_is_heard(word: str, part: float, share: float, late: bool) -> None:
    text = f"{word} {'word' if code_of(word) != code_of('word') else 'other'}"
    first, second = speech(text)
    tone = len(first) - bytes_of(30, WIDE_HZ)
    kept = int(tone * part) // 2 * 2
    pcm = first[tone - kept :] if late else first[:kept]
    slack = 25 / word_ms(word)

    heard = heard_words(phoned(pcm + second), text, share=share)

    if abs(part - share) > slack:
        assert heard == ([0, 1] if part > share else [1])


@QUICK
@given(text=TEXTS, seed=st.integers(0, 1_000))
def test_noise_in_the_room_hides_and_adds_nothing(text: str, seed: int) -> None:
    noise = np.random.RandomState(seed).normal(0, 120, 200 * NARROW_HZ // 1_000 * 20)
    pcm = np.frombuffer(said(text).ljust(len(noise) * 2, b"\0"), dtype="<i2")[: len(noise)]
    noisy = np.clip(pcm + noise, -32_768, 32_767).astype("<i2").tobytes()
    whole = sum(word_ms(word) for word in words_of(text)) < 4_000

    heard = heard_words(noisy, text)

    assert heard == list(range(len(words_of(text)))) if whole else set(heard) <= set(range(len(words_of(text))))


@pytest.mark.parametrize("pcm", [b"", b"\0", bytes(100), bytes(16_000), np.full(8_000, 9_000, "<i2").tobytes()])
def test_where_nobody_speaks_nothing_is_heard(pcm: bytes) -> None:
    assert heard_words(pcm, RECEPTION) == []


def test_the_words_of_another_reply_are_not_taken_for_this_one() -> None:
    ours, theirs = " ".join(VOCABULARY[:10]), " ".join(VOCABULARY[10:20])

    assert heard_words(said(theirs), ours) == []


def test_a_word_cut_off_and_said_again_without_a_pause_is_heard_twice() -> None:
    first, second = speech("restaurant window")

    heard = heard_words(phoned(first[: len(first) * 7 // 10 // 2 * 2] + first + second), "restaurant window")

    assert heard == [0, 0, 1]
