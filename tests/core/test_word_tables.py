"""What is looked up of words is in memory before the first caller comes."""

from pipeline.entities import Awaited, figures, filled
from pipeline.word_tables import LANGUAGES, read_word_tables


def test_the_first_number_of_a_call_builds_no_table_in_any_language() -> None:
    read_word_tables()
    built = figures._below_hundred.cache_info().misses

    said = [filled("1 2 3 4", Awaited("digits", 4, 4), language) for language in LANGUAGES]

    assert (said, figures._below_hundred.cache_info().misses) == ([1.0] * len(LANGUAGES), built)
