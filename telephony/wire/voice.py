"""Text -> speech ready for the wire, by an embedded voice. Rule: made before the call, so a call waits for nothing."""

from contextlib import aclosing

from pipeline.audio import NARROW_HZ, WIDE_HZ, Resampler, bytes_of
from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.wire.speech import Speech, speech_of

TAIL_MS = 20


async def spoken_by(voice: EmbeddedVoice, name: str, text: str, speed: float = 1.0) -> Speech:
    """One text by one of the voice's speakers; raises ProviderError."""
    async with aclosing(voice.speak(text, name, speed)) as chunks:
        wide = b"".join([chunk async for chunk in chunks])
    return speech_of(Resampler(WIDE_HZ, NARROW_HZ).process(wide + bytes(bytes_of(TAIL_MS, WIDE_HZ))))
