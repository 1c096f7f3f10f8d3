"""The project keeps its own rules."""

import pytest

from tests.house import layers, privacy, rules
from tests.house.source import Source, sources


@pytest.fixture(scope="module")
def files() -> list[Source]:
    return list(sources())


@pytest.mark.parametrize("rule", [*rules.RULES, *privacy.RULES], ids=lambda rule: rule.__name__)
def test_the_house_is_in_order(rule: rules.Rule, files: list[Source]) -> None:
    offences = sorted({offence for file in files for offence in rule(file)})

    assert not offences, "\n" + "\n".join(map(str, offences))


def test_every_rule_sees_the_whole_house(files: list[Source]) -> None:
    seen = {str(file.path) for file in files}

    assert {"pipeline/audio.py", "telephony/leg.py", "docker/setup", "Makefile", "tests/house/rules.py"} <= seen


def test_an_exception_is_made_only_for_a_file_that_is_there(files: list[Source]) -> None:
    assert {*rules.BROAD_EXCEPT, rules.ENVIRONMENT_READER} <= {str(file.path) for file in files}


def test_what_is_pure_reaches_from_the_session_down_to_the_audio() -> None:
    pure = [name for name in ("pipeline.session", "pipeline.turn", "pipeline.audio") if layers.is_pure(name)]
    impure = [name for name in ("pipeline.worker", "telephony.call", "pipeline.providers.vad") if layers.is_pure(name)]

    assert (pure, impure) == (["pipeline.session", "pipeline.turn", "pipeline.audio"], [])
