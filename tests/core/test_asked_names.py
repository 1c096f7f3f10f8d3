"""An application's names mean somebody who can be asked, or are refused; OpenAI's own leave whoever is there."""

import pytest

from pipeline.naming import Misnamed, Named
from pipeline.realtime.config import Audio, AudioInput, AudioOutput, SessionConfig, Transcription
from telephony.asked_names import settled
from telephony.provider_table import WHAT, Known, ProviderTable, name_in
from telephony.secret import Secret
from telephony.settings import ProviderSettings
from telephony.vendor_table import Vendor, known

OURS = ProviderTable(ProviderSettings(llm="scripted/desk"), ["desk", "night"])
VENDORS = ProviderTable(
    ProviderSettings(
        stt=("deepgram/nova-3", "embedded"), llm=("groq/llama", "scripted/desk"), tts=("cartesia/sonic", "embedded")
    ),
    ["desk"],
    Known(
        known({name: Vendor(api_key=Secret("sk")) for name in ("deepgram", "groq", "cartesia", "elevenlabs")}),
        {"gpt-realtime": "groq/qwen"},
    ),
)
NOTHING = SessionConfig()


def a_session(
    model: str = "",
    *,
    hears: str | None = None,
    speaks: str | None = None,
    voice: str = "",
    language: str | None = None,
) -> SessionConfig:
    heard = Transcription(model=hears, language=language)
    return SessionConfig(
        model=model, audio=Audio(AudioInput(transcription=heard), AudioOutput(model=speaks, voice=voice))
    )


def named(asked: SessionConfig, before: SessionConfig = NOTHING, table: ProviderTable = OURS) -> Named:
    found = settled(table, asked, before)
    assert isinstance(found, Named), found
    return found


def names_of(config: SessionConfig) -> tuple[str | None, str | None, str | None, str]:
    return (
        name_in(config, "llm"),
        name_in(config, "stt"),
        name_in(config, "tts"),
        config.audio.output.voice,
    )


def serving(table: ProviderTable, config: SessionConfig) -> tuple[str, ...]:
    return tuple(table.choices(layer, config)[0].name for layer in WHAT)


OPENAIS = a_session("gpt-realtime-2.1", hears="gpt-4o-mini-transcribe", speaks="gpt-4o-mini-tts", voice="marin")


@pytest.mark.parametrize(
    ("table", "serve"),
    [
        (OURS, ("scripted/desk", "embedded", "embedded")),
        (VENDORS, ("groq/llama", "deepgram/nova-3", "cartesia/sonic")),
    ],
)
def test_openais_own_names_mean_the_defaults_and_are_shown(table: ProviderTable, serve: tuple[str, str, str]) -> None:
    found = named(OPENAIS, table=table)

    assert (names_of(found.shown), serving(table, found.meant)) == (names_of(OPENAIS), serve)
    assert list(table.unknown(found.meant)) == []


def test_openais_own_names_leave_whom_an_agent_has() -> None:
    agent = a_session("scripted/night", hears="embedded", speaks="embedded", voice="slt")

    found = named(OPENAIS, agent)

    assert (names_of(found.shown), names_of(found.meant)) == (names_of(OPENAIS), names_of(agent))


def test_an_alias_comes_before_the_default() -> None:
    assert serving(VENDORS, named(a_session("gpt-realtime"), table=VENDORS).meant)[0] == "groq/qwen"


def test_openais_own_names_are_put_to_openai_where_it_is_the_default() -> None:
    openai = ProviderTable(
        ProviderSettings(stt="openai/gpt-4o-transcribe", llm="openai/gpt-4.1", tts="openai/tts-1"),
        known=Known(known({"openai": Vendor(api_key=Secret("sk"))})),
    )
    asked = a_session("gpt-5-mini", hears="gpt-realtime-whisper", speaks="gpt-4o-mini-tts", voice="marin")

    assert serving(openai, named(asked, table=openai).meant) == (
        "openai/gpt-5-mini",
        "openai/gpt-realtime-whisper",
        "openai/gpt-4o-mini-tts",
    )
    # Speech to speech is no chat.
    assert serving(openai, named(a_session("gpt-realtime"), table=openai).meant)[0] == "openai/gpt-4.1"


def test_names_that_mean_somebody_are_taken() -> None:
    asked = a_session("groq/qwen", hears="nova-2", speaks="elevenlabs/flash", voice="JBF", language="de")

    found = named(asked, table=VENDORS)

    assert (found.shown, found.meant) == (asked, asked)


@pytest.mark.parametrize(
    ("asked", "param", "problem"),
    [
        (
            a_session("grok/qwen"),
            "model",
            "no language model is called 'grok/qwen' (did you mean 'groq/MODEL'?)",
        ),
        (
            a_session("openai/gpt-4.1"),
            "model",
            "there is no key for openai (set OPENAI_API_KEY, or api_key under [vendor.openai])",
        ),
        (
            a_session(hears="assemblyai/universal"),
            "audio.input.transcription.model",
            "there is no key for assemblyai (set ASSEMBLYAI_API_KEY, or api_key under [vendor.assemblyai])",
        ),
        (
            a_session(speaks="deepgarm/aura-2"),
            "audio.output.model",
            "no voice provider is called 'deepgarm/aura-2' (did you mean 'deepgram/MODEL'?)",
        ),
        (
            a_session(speaks="embedded", voice="stl"),
            "audio.output.voice",
            "no voice is called 'stl' (known here: rms, slt, kal16)",
        ),
        (
            a_session(hears="embedded", language="de"),
            "audio.input.transcription.language",
            "the embedded recogniser knows no 'de' (known here: en)",
        ),
    ],
)
def test_a_name_that_means_nobody_who_can_be_asked_is_refused(asked: SessionConfig, param: str, problem: str) -> None:
    table = ProviderTable(ProviderSettings(stt="deepgram/nova-3", llm="groq/llama", tts="cartesia/sonic"))

    assert settled(table, asked, NOTHING) == Misnamed(param, problem)


def test_what_an_agent_has_already_is_not_judged_again() -> None:
    agent = a_session("openai/m", voice="nobody", language="de")

    assert named(agent, agent).meant == agent


def test_another_speaker_does_not_keep_a_voice_that_was_chosen_for_the_one_before() -> None:
    before = a_session(speaks="embedded", voice="slt")

    other = named(a_session(speaks="elevenlabs/flash", voice="slt"), before, VENDORS)
    chosen = named(a_session(speaks="elevenlabs/flash", voice="JBF"), before, VENDORS)
    back = named(a_session(speaks="embedded", voice="JBF"), chosen.meant, VENDORS)

    voices = [each.shown.audio.output.voice for each in (other, chosen, back)]
    assert voices == [VENDORS.speaking(other.meant).vendor.voice, "JBF", "rms"]  # type: ignore[union-attr]
    assert [each.meant.audio.output.voice for each in (other, chosen, back)] == ["", "JBF", ""]
