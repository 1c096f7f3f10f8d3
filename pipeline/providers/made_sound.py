"""Sound as vendors send it, and as a line takes it. Rule: whatever the cut, no sample is lost or torn.

A voice for narrow-band lines is asked for mu-law at 8 kHz: a sixth of the bytes, and no way down from 24 kHz for them.
"""

from dataclasses import dataclass

import msgspec

from pipeline.audio import NARROW_HZ, SAMPLE_BYTES, WIDE_HZ, Narrow, Speech, ulaw_decoded


@dataclass(slots=True)
class MadeSound:
    """The sound of one utterance: PCM16 at 24 kHz or, `narrow`, mu-law at 8 kHz."""

    narrow: bool = False
    _given_bytes: int = 0
    _odd: bytes = b""

    @property
    def given_ms(self) -> float:
        """How much was given so far."""
        return self._given_bytes * 1_000 / (NARROW_HZ if self.narrow else SAMPLE_BYTES * WIDE_HZ)

    def of(self, chunk: bytes) -> list[Speech]:
        """The whole samples so far, as one piece or none."""
        if not self.narrow:
            chunk = self._odd + chunk
            whole = len(chunk) // SAMPLE_BYTES * SAMPLE_BYTES
            chunk, self._odd = chunk[:whole], chunk[whole:]
        self._given_bytes += len(chunk)
        if not chunk:
            return []
        return [Narrow(ulaw_decoded(chunk)) if self.narrow else chunk]


def decoded(text: str) -> bytes:
    """Sound out of a JSON message's base64, four times as fast as the standard library; raises ValueError."""
    try:
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError:
        raise ValueError("no base64") from None
