"""Names of providers mean the same to the dialplan, to `offhook check` and to a call."""

import pytest

from pipeline.realtime.config import Audio, AudioInput, AudioOutput, SessionConfig, Transcription
from telephony.provider_table import SCRIPTED, Known, ProviderTable, flow_of, is_by
from telephony.secret import Secret
from telephony.settings import ProviderSettings
from telephony.vendor_table import BUILT_IN, Vendor, known

DEFAULTS = ProviderSettings(llm="scripted/desk")
TABLE = ProviderTable(DEFAULTS, ["desk", "night"])
OPENAI = "openai"


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
        ("gpt-realtime", SCRIPTED),
        ("night", SCRIPTED),
        ("noon", None),
        ("anthropic/claude-haiku-4-5", "anthropic"),
        ("openrouter/google/gemini-3-flash", "openrouter"),
        ("deepgram/nova-3", None),
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
    agent = an_agent("scripted/dusk", hears="whisper-1", speaks="embedded", voice="alloy")

    unknown = TABLE.unknown(agent, strictly=True)

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


def test_a_session_that_names_nobody_is_told_who_it_has() -> None:
    named = TABLE.named(an_agent())

    assert (named.model, named.audio.output.voice) == ("scripted/desk", "rms")


def test_nobody_is_by_nobody() -> None:
    assert [is_by(TABLE.thinking(an_agent(model)), OPENAI) for model in ("openai/m", "scripted/desk", "x")] == [
        True,
        False,
        False,
    ]


def names(table: ProviderTable, layer: str, config: SessionConfig) -> list[str]:
    return [choice.name for choice in table.choices(layer, config)]  # type: ignore[arg-type]


MANY = ProviderTable(
    ProviderSettings(
        stt=("deepgram/nova-3", "embedded"),
        llm=("groq/llama", "openai/gpt-4.1-mini", "scripted/none"),
        tts=("cartesia/sonic", "embedded"),
    ),
    ["desk"],
    Known(known({"desk": Vendor(base_url="http://10.0.0.1:8000/v1", llm="openai")}), {"gpt-realtime": "desk/qwen"}),
)


@pytest.mark.parametrize(
    ("model", "candidates"),
    [
        ("", ["groq/llama", "openai/gpt-4.1-mini"]),
        ("openai/gpt-4.1-mini", ["openai/gpt-4.1-mini", "groq/llama"]),
        ("mixtral", ["groq/mixtral", "groq/llama", "openai/gpt-4.1-mini"]),
        ("gpt-realtime", ["desk/qwen", "groq/llama", "openai/gpt-4.1-mini"]),
        ("desk/qwen", ["desk/qwen", "groq/llama", "openai/gpt-4.1-mini"]),
        ("gpt-4o-realtime-preview", ["groq/llama", "openai/gpt-4.1-mini"]),
        ("groq", []),
        ("nobody/qwen", []),
    ],
)
def test_candidates_are_the_sessions_own_and_then_the_settings(model: str, candidates: list[str]) -> None:
    assert names(MANY, "llm", an_agent(model)) == candidates


def test_each_layer_has_its_own_candidates() -> None:
    asked = an_agent(hears="nova-2", speaks="elevenlabs/flash")

    assert (names(MANY, "stt", asked), names(MANY, "tts", asked)) == (
        ["deepgram/nova-2", "deepgram/nova-3", "embedded"],
        ["elevenlabs/flash", "cartesia/sonic", "embedded"],
    )


def test_openais_own_models_and_voices_are_put_to_openai() -> None:
    table = ProviderTable(ProviderSettings(stt="openai/gpt-4o-transcribe", llm="openai/m", tts="openai/tts"))
    wished = an_agent("gpt-4.1", hears="whisper-1", voice="marin")

    assert names(table, "stt", wished) == ["openai/whisper-1", "openai/gpt-4o-transcribe"]


def test_a_vendors_voices_and_languages_are_its_own_to_know() -> None:
    audio = Audio(AudioInput(transcription=Transcription(language="de")), AudioOutput(voice="b7d50908"))

    assert list(MANY.unknown(SessionConfig(audio=audio))) == []


@pytest.mark.parametrize(
    ("told", "problems"),
    [
        ({}, ["there is no key for openai"]),
        ({"openai": Vendor(api_key=Secret("sk"))}, []),
        ({"openai": Vendor(base_url="http://127.0.0.1:1/v1")}, []),
    ],
)
def test_a_vendor_wants_a_key_and_a_server_of_ones_own_does_not(told: dict[str, Vendor], problems: list[str]) -> None:
    table = ProviderTable(DEFAULTS, ["desk"], Known(known(told)))

    assert [problem for _, problem, _ in table.keyless(an_agent("openai/m"))] == problems


def test_an_address_for_all_layers_wins_over_built_in_ones_for_each() -> None:
    inworld = known({"inworld": Vendor(base_url="http://127.0.0.1:1")})["inworld"]

    assert (BUILT_IN["inworld"].url("llm"), inworld.url("llm"), inworld.url("tts")) == (
        "https://api.inworld.ai/v1",
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
    )
