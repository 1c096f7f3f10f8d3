"""The embedded voice: flite's rms, slt and kal16, in process and offline. Rule: C is met in `Flite` alone.

Debian's libflite1 is driven through ctypes with its streaming callback, so that audio leaves while the sentence is
still being made; ctypes lets go of the GIL meanwhile. Each piece is resampled from 16 to 24 kHz on the thread that made
it. First audio after 1-3 ms for a word and 13-16 ms for a sentence; 0.011 s of CPU per second of speech.

flite reads a whole text before its first sample: give it sentences. It knows ASCII alone: everything else is written
out first. kal16 is bit for bit the same on every run of one machine.
"""

import asyncio
import ctypes
import re
import threading
import unicodedata
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import numpy as np
import structlog

from pipeline.audio import WIDE_HZ, Resampler
from pipeline.providers import ProviderError

NAME: Final = "flite"
DEFAULT_VOICE: Final = "rms"
# Voice -> the level (RMS of 5 ms) under which it is still silent.
SILENCE_LEVELS: Final = {"rms": 60.0, "slt": 100.0, "kal16": 400.0}
FLITE_HZ: Final = 16_000
CHUNK_SAMPLES: Final = 800
LEAD_IN_MS: Final = 20
SLOWEST, FASTEST = 0.25, 4.0
THREADS: Final = 2

_WRITTEN_OUT = str.maketrans(
    {
        "‘": "'", "’": "'", "“": '"', "”": '"', "–": ", ", "—": ", ", "…": ". ", "\u00a0": " ", "_": " ", "*": " ",
        "€": " euros ", "£": " pounds ", "°": " degrees ", "×": " times ", "½": " and a half ",
        "¼": " and a quarter ", "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "#": " number ",
        "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d",
    }
)  # fmt: skip
_CURRENCY = re.compile(r"([€£])\s?(\d+(?:[.,]\d+)*)")


def speakable(text: str) -> str:
    """The text in the ASCII that flite reads; empty when nothing in it can be spoken."""
    written = _CURRENCY.sub(r"\2 \1", text).translate(_WRITTEN_OUT)
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode("ascii")
    plain = " ".join(plain.split())
    return plain if re.search(r"[A-Za-z0-9]", plain) else ""


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.c_void_p),
    )


class _Streaming(ctypes.Structure):
    """cst_audio_streaming_info: flite calls `callback` whenever `min_samples` more are there."""


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(_Wave), ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p
)
_Streaming._fields_ = (
    ("min_samples", ctypes.c_int),
    ("callback", _CALLBACK),
    ("utterance", ctypes.c_void_p),
    ("item", ctypes.c_void_p),
    ("user", ctypes.c_void_p),
)


class _Utterance(ctypes.Structure):
    _fields_ = (("features", ctypes.c_void_p), ("functions", ctypes.c_void_p), ("relations", ctypes.c_void_p))


class Flite:
    """The C library with its voices, loaded when first needed. Raises ProviderError."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: Any = None
        self._voices: dict[str, int] = {}

    def say(self, text: str, voice: str, speed: float, take: Callable[[bytes, int], bool]) -> None:
        """Make the speech; `take` is given PCM16 and its rate piece by piece, and stops it by returning False."""
        place = self._voice(voice)
        library = self._library

        def taken(wave: Any, start: int, size: int, _last: int, _struct: int | None) -> int:
            whole = wave.contents
            pcm = ctypes.string_at(whole.samples + 2 * start, 2 * size) if size > 0 else b""
            return 0 if take(pcm, whole.sample_rate) else -1

        callback = _CALLBACK(taken)
        streaming = library.new_audio_streaming_info()
        streaming.contents.min_samples = CHUNK_SAMPLES
        streaming.contents.callback = callback
        utterance = library.new_utterance()
        library.utt_set_input_text(utterance, text.encode("ascii"))
        library.utt_init(utterance, place)
        features = utterance.contents.features
        library.feat_set(features, b"streaming_info", library.audio_streaming_info_val(streaming))
        library.feat_set_float(features, b"duration_stretch", 1.0 / speed)
        library.utt_synth(utterance)
        library.delete_utterance(utterance)

    def _voice(self, name: str) -> int:
        with self._lock:
            if name not in self._voices:
                self._voices[name] = self._load(name)
            return self._voices[name]

    def _load(self, name: str) -> int:
        try:
            self._library = self._library or _declared(ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL))
            for part in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
                ctypes.CDLL(part, mode=ctypes.RTLD_GLOBAL)
            register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
        except (OSError, AttributeError) as error:
            structlog.get_logger().error("voice_missing", voice=name, problem=str(error), remedy="install libflite1")
            raise ProviderError(NAME, "unreachable") from None
        register.restype = ctypes.c_void_p
        register.argtypes = [ctypes.c_char_p]
        return int(register(None))


def _declared(library: Any) -> Any:
    utterance = ctypes.POINTER(_Utterance)
    streaming = ctypes.POINTER(_Streaming)
    for name, result, arguments in (
        ("flite_init", ctypes.c_int, []),
        ("new_utterance", utterance, []),
        ("new_audio_streaming_info", streaming, []),
        ("audio_streaming_info_val", ctypes.c_void_p, [streaming]),
        ("utt_set_input_text", None, [utterance, ctypes.c_char_p]),
        ("utt_init", ctypes.c_void_p, [utterance, ctypes.c_void_p]),
        ("utt_synth", ctypes.c_void_p, [utterance]),
        ("delete_utterance", None, [utterance]),
        ("feat_set", None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]),
        ("feat_set_float", None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.flite_init()
    return library


class _LeadIn:
    """Takes silence off the start of a voice's audio, but for the last LEAD_IN_MS of it."""

    def __init__(self, silence_level: float) -> None:
        self._level = silence_level
        self._held = b""
        self._started = False

    def trimmed(self, pcm: bytes, rate_hz: int) -> bytes:
        """What may be heard of this piece."""
        if self._started:
            return pcm
        held = self._held + pcm
        step = rate_hz // 200
        blocks = np.frombuffer(held, dtype="<i2")[: len(held) // 2 // step * step].reshape(-1, step)
        loud = np.flatnonzero(np.sqrt(np.mean(blocks.astype(np.float32) ** 2, axis=1)) > self._level)
        keep = rate_hz * LEAD_IN_MS // 1_000
        if not len(loud):
            # One block more than is kept: the next piece may complete it.
            self._held = held[-2 * (keep + step) :]
            return b""
        self._started = True
        return held[2 * max(0, int(loud[0]) * step - keep) :]


@dataclass(slots=True)
class _Speech:
    """One text on its way: made on a thread, given to the event loop piece by piece; None is the end."""

    loop: asyncio.AbstractEventLoop
    lead_in: _LeadIn
    pieces: asyncio.Queue[bytes | BaseException | None]
    resampler: Resampler | None = None
    stopped: bool = False

    def take(self, pcm: bytes, rate_hz: int) -> bool:
        """One piece from flite's thread; False stops it."""
        if self.stopped:
            return False
        self.resampler = self.resampler or Resampler(rate_hz, WIDE_HZ)
        heard = self.resampler.process(self.lead_in.trimmed(pcm, rate_hz))
        return self.post(heard) if heard else True

    def end(self, made: Future[None]) -> None:
        """There is no more of it; what flite's thread raised is raised to whoever listens."""
        self.post(None if made.cancelled() else made.exception())

    def post(self, piece: bytes | BaseException | None) -> bool:
        """Hand to the event loop; False when it is closed."""
        try:
            self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:
            return False
        return True


class EmbeddedVoice:
    """TextToSpeech by flite; open it with `with`. An empty voice means rms."""

    def __init__(self, threads: int = THREADS) -> None:
        self._flite = Flite()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="flite")

    def __enter__(self) -> "EmbeddedVoice":
        # The first filter is designed here, not while a caller waits.
        Resampler(FLITE_HZ, WIDE_HZ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def speak(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes, None]:
        """PCM16 at 24 kHz as it is made; nothing for a text without a letter or digit. Closing stops it in a few ms.

        Raises ProviderError: `refused` for a voice that does not exist, `unreachable` for one not on this machine.
        """
        name = voice or DEFAULT_VOICE
        if name not in SILENCE_LEVELS:
            raise ProviderError(NAME, "refused")
        plain = speakable(text)
        if not plain:
            return
        speech = _Speech(asyncio.get_running_loop(), _LeadIn(SILENCE_LEVELS[name]), asyncio.Queue())
        made = self._pool.submit(self._flite.say, plain, name, min(max(speed, SLOWEST), FASTEST), speech.take)
        made.add_done_callback(speech.end)
        try:
            while (piece := await speech.pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            speech.stopped = True
            made.cancel()
