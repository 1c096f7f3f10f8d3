"""Names of providers mean the same to the dialplan, to `offhook check` and to a call."""

import pytest

from pipeline.realtime.config import Audio, AudioInput, AudioOutput, SessionConfig, Transcription
from telephony.provider_table import OPENAI, SCRIPTED, ProviderTable, flow_of, is_by
from telephony.settings import ProviderSettings

DEFAULTS = ProviderSettings(llm="scripted/desk")
TABLE = ProviderTable(DEFAULTS, ["desk", "night"])


def an_agent(model: str = "", *, hears: str | None = None, speaks: str | None = None, voice: str = "") -> SessionConfig:
    audio = Audio(AudioInput(transcription=Transcription(model=hears)), AudioOutput(model=speaks, voice=voice))
    return SessionConfig(model=model, audio=audio)


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("openai/gpt-4o-mini", OPENAI),
        ("openai/org/model", OPENAI),
        ("scripted/night", SCRIPTED),
        ("", SCRIPTED),
        ("openai", None),
        ("openai/", None),
        ("scripted", None),
        ("scripted/noon", None),
        ("gpt-realtime", None),
    ],
)
def test_a_language_model_is_found_by_its_name(model: str, maker: str | None) -> None:
    entry = TABLE.thinking(an_agent(model))

    assert (entry and entry.maker) == maker


def test_a_scripted_model_names_its_flow() -> None:
    assert [flow_of(model) for model in ("scripted/desk", "scripted/", "scripted", "openai/desk")] == [
        "desk",
        "",
        None,
        None,
    ]


def test_every_unknown_name_is_told_where_it_stands() -> None:
    unknown = TABLE.unknown(an_agent("scripted/dusk", hears="whisper-1", speaks="embedded", voice="alloy"))

    assert [(path[-1], problem) for path, problem, _ in unknown] == [
        ("model", "no language model is called 'scripted/dusk'"),
        ("model", "no recogniser is called 'whisper-1'"),
        ("voice", "no voice is called 'alloy'"),
    ]


def test_an_unknown_default_is_told_like_a_name_of_the_agents_own() -> None:
    nobody = ProviderTable(ProviderSettings(stt="x", llm="y", tts="z"))

    assert [problem.rpartition(" ")[2] for _, problem, _ in nobody.unknown(SessionConfig())] == ["'y'", "'x'", "'z'"]


@pytest.mark.parametrize(("language", "faults"), [("en", 0), ("en-GB", 0), ("EN", 0), ("de", 1), ("english", 1)])
def test_a_recogniser_knows_its_languages(language: str, faults: int) -> None:
    audio = Audio(AudioInput(transcription=Transcription(language=language)))

    assert len(list(TABLE.unknown(SessionConfig(audio=audio)))) == faults


def test_names_of_others_give_way_to_the_defaults() -> None:
    wished = an_agent("gpt-realtime", hears="whisper-1", speaks="tts-1", voice="alloy")

    assert TABLE.answerable(wished) == an_agent()


def test_names_that_mean_something_stay() -> None:
    wished = an_agent("openai/m", hears="embedded", speaks="embedded", voice="slt")

    assert TABLE.answerable(wished) == wished


def test_a_session_that_names_nobody_is_told_who_it_has() -> None:
    named = TABLE.named(an_agent())

    assert (named.model, named.audio.output.voice) == ("scripted/desk", "rms")


def test_nobody_is_by_nobody() -> None:
    assert [is_by(TABLE.thinking(an_agent(model)), OPENAI) for model in ("openai/m", "scripted/desk", "x")] == [
        True,
        False,
        False,
    ]
