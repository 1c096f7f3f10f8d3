"""How long providers are waited for while others could be asked. Rule: data; defaults come from vendors' own figures.

They lie above what most vendors take in 99 of 100 cases: a final transcript 0.35 to 1.9 s, a first token under 1 s.
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

Wait = Annotated[int, Meta(ge=100, le=30_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatienceSettings:
    """Waits in ms, while there is somebody to fall back on.

    For the final transcript after the end of an utterance, for the first piece of a reply or of speech, and for the
    next one (of speech: after what was made has been heard); for all candidates together `give_up_ms`.
    """

    stt_final_ms: Wait = 1_200
    llm_first_ms: Wait = 1_200
    llm_next_ms: Wait = 1_000
    tts_first_ms: Wait = 800
    tts_next_ms: Wait = 500
    give_up_ms: Annotated[int, Meta(ge=1_000, le=60_000)] = 6_000
