"""Who is meant by the names that an application asks for. Rule: OpenAI's own names never fail, all others mean it.

Applications built on OpenAI send its models and voices without knowing of ours: where nobody answers to one, whoever
the session has stays, at first the settings' default. Any other name must mean somebody who can be asked.
"""

from msgspec.structs import replace

from pipeline.naming import Misnamed, Named
from pipeline.realtime.config import SessionConfig
from telephony.provider_table import OPENAIS_VOICES, PLACES, WHAT, ProviderTable, language_in, name_in, speaks_as
from telephony.vendor_table import Layer


def settled(table: ProviderTable, asked: SessionConfig, before: SessionConfig) -> Named | Misnamed:
    """The session that is asked for after `before`, which is not judged again."""
    meant = asked
    for layer, path in PLACES.items():
        name, kept = name_in(asked, layer), name_in(before, layer)
        if not name or name == kept:
            continue
        if table.means_default(layer, name):
            meant = _with_name(meant, layer, kept or name)
        elif problem := _unusable(table, layer, name):
            return Misnamed(".".join(map(str, path)), problem)
    return _unheard_of(table, meant, before) or _voiced(table, Named(asked, meant), before)


def _unusable(table: ProviderTable, layer: Layer, name: str) -> str | None:
    whole = table.whole(layer, name)
    if table.found(layer, whole) is None:
        remedy = table.remedy(layer, whole)
        return f"no {WHAT[layer]} is called {name!r}{f' ({remedy})' if remedy else ''}"
    return next((f"{problem} ({remedy})" for problem, remedy in table.keyless_name(layer, name)), None)


def _unheard_of(table: ProviderTable, meant: SessionConfig, before: SessionConfig) -> Misnamed | None:
    """A language that who hears does not know."""
    language, hearer = language_in(meant), table.hearing(meant)
    if hearer is None or not language or hearer.knows(language):
        return None
    if (language, hearer) == (language_in(before), table.hearing(before)):
        return None
    problem = f"the {hearer.maker} recogniser knows no {language!r} (known here: {', '.join(hearer.languages)})"
    return Misnamed("audio.input.transcription.language", problem)


def _voiced(table: ProviderTable, named: Named, before: SessionConfig) -> Named | Misnamed:
    """A voice is one of whoever speaks; with another speaker it is another, unless it was asked for as well."""
    asked, meant = named.shown, named.meant
    voice, kept = asked.audio.output.voice, before.audio.output.voice
    speaker = table.speaking(meant)
    alike = speaker == table.speaking(before)
    if voice in OPENAIS_VOICES:
        if speaker is not None and not speaks_as(speaker, voice) and alike:
            meant = _with_voice(meant, kept or voice)
    elif voice == kept:
        if not alike:
            asked, meant = _with_voice(asked, ""), _with_voice(meant, "")
    elif voice and speaker is not None and not speaks_as(speaker, voice):
        return Misnamed("audio.output.voice", f"no voice is called {voice!r} (known here: {', '.join(speaker.voices)})")
    return Named(table.named(asked), meant)


def _with_name(config: SessionConfig, layer: Layer, name: str) -> SessionConfig:
    hears, speaks = config.audio.input, config.audio.output
    if layer == "llm":
        return replace(config, model=name)
    if layer == "tts":
        return replace(config, audio=replace(config.audio, output=replace(speaks, model=name)))
    assert hears.transcription is not None, "nobody is named where nobody is to hear"
    hears = replace(hears, transcription=replace(hears.transcription, model=name))
    return replace(config, audio=replace(config.audio, input=hears))


def _with_voice(config: SessionConfig, voice: str) -> SessionConfig:
    return replace(config, audio=replace(config.audio, output=replace(config.audio.output, voice=voice)))
