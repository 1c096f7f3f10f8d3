"""Words of the agent's own for somebody else than the caller. Rule: all of it is made before any of it is heard."""

from contextlib import aclosing

from pipeline.audio import Narrow
from pipeline.providers import TextToSpeech
from pipeline.realtime.config import AudioOutput


async def spoken(voice: TextToSpeech, output: AudioOutput, text: str) -> list[bytes | Narrow]:
    """The text in an agent's voice; raises ProviderError."""
    async with aclosing(voice.speak(text, output.voice, output.speed)) as made:  # type: ignore[type-var]
        return [chunk async for chunk in made if isinstance(chunk, bytes | Narrow)]
