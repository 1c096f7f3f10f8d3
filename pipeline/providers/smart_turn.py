"""Smart Turn v3.2 as a SoundJudge: a Whisper encoder that hears whether a speaker has finished. Rule: it never waits.

One model serves all calls, in a thread of its own, off the event loop: the runtime and most of the arithmetic before it
leave Python free, and the thread gives way to all others. A judgement is worth something for as long as the pause it is
about lasts, so one that would begin late is not begun, and no queue grows: whatever the load, one core at most is spent
on judging. A model that is missing is told of once; then nobody judges.

The model takes Whisper's features of 8 s at 16 kHz: 80 log-mels every 10 ms, of audio with no mean and a variance of 1,
with silence before it where it is shorter. A telephone has nothing above 4 kHz, so half of Whisper's 400-point spectrum
at 16 kHz is the 200-point spectrum at 8 kHz, doubled, and the other half is the floor: no audio is resampled. It is
given the last 3 s of these features alone (`smart_turn_model`).

The file holds weights of 8 bits and roundings of everything between them to 8 bits. Only the weights are taken from it:
without the roundings the model tells whole prompts of a human speaker from cut ones with an area under the curve of
0.97 instead of 0.90 (200 ms of silence behind them), and on processors that multiply 8 bits without VNNI, where they
also overflow, of 0.85. `offhook bench turns` measures it.
"""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from pipeline.audio import NARROW_HZ
from pipeline.providers.smart_turn_model import NotSmartTurnError, cut_to

FILE: Final = "smart-turn-v3.2-cpu.onnx"
SPAN_MS: Final = 8_000
SPAN: Final = SPAN_MS * NARROW_HZ // 1_000
HEARD_MS: Final = 3_000
WINDOW: Final = NARROW_HZ // 40
HOP_MS: Final = 10
HOP: Final = NARROW_HZ * HOP_MS // 1_000
MELS: Final = 80
PIECE: Final = 20
TOP_HZ: Final = 8_000.0
FLOOR: Final = 1e-10
RANGE: Final = 8.0
LATE_S: Final = 0.25
NICENESS: Final = 10

Floats = NDArray[np.float32]

log = structlog.get_logger()


class SmartTurn:
    """A SoundJudge; `with` ends its thread."""

    def __init__(self, models_dir: Path, *, late_s: float = LATE_S) -> None:
        """`late_s` is how long a judgement may wait for others."""
        self._model = models_dir / FILE
        self._late_s = late_s
        self._thread = ThreadPoolExecutor(1, "smart_turn", _give_way)
        self._session: Any = None
        self._missing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def load(self) -> bool:
        """Have the model ready before it is needed; False when it cannot be used."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ready)

    async def finished(self, pcm: bytes) -> float | None:
        """The probability that who sounds like this has finished; None without a model, or when it would come late."""
        latest_s = time.monotonic() + self._late_s
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._judge, pcm, latest_s)

    def _judge(self, pcm: bytes, latest_s: float) -> float | None:
        if time.monotonic() > latest_s or not self._ready():
            return None
        [[[finished]]] = self._session.run(None, {"input_features": features(pcm, HEARD_MS)[np.newaxis]})
        return float(finished)

    def _ready(self) -> bool:
        if self._session is None and not self._missing:
            self._load()
        return not self._missing

    def _load(self) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as pybind

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.add_session_config_entry("session.enable_quant_qdq_cleanup", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                cut_to(self._model.read_bytes(), HEARD_MS), options, providers=["CPUExecutionProvider"]
            )
        except (OSError, NotSmartTurnError, pybind.Fail, pybind.InvalidGraph, pybind.InvalidArgument) as error:
            self._missing = True
            log.warning(
                "turns_judged_without_sound",
                file=str(self._model),
                problem=type(error).__name__,
                remedy="run the set-up again",
            )


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def features(pcm: bytes, heard_ms: int = SPAN_MS) -> Floats:
    """Whisper's log-mels, (80, heard_ms / 10), of the end of the last 8 s of PCM16 at 8 kHz."""
    heard = np.frombuffer(pcm, dtype="<i2")[-SPAN:].astype(np.float32) / np.float32(32_768)
    sound = np.zeros(SPAN, dtype=np.float32)
    sound[SPAN - len(heard) :] = heard
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + np.float32(1e-7))
    padded = np.pad(sound, WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[:-1:HOP][-heard_ms // HOP_MS :]
    spectrum = np.fft.rfft(windows * _hann())
    # Half as many samples: half the amplitude.
    power = 4 * (spectrum.real**2 + spectrum.imag**2)
    # In pieces so small that BLAS wakes no threads of its own, which would spin.
    mels = (power.reshape(-1, PIECE, power.shape[1]) @ _mel_filters()).reshape(-1, MELS)
    loudness = np.log10(np.maximum(mels, FLOOR)).T
    return np.asarray((np.maximum(loudness, loudness.max() - RANGE) + 4) / 4, dtype=np.float32)


@cache
def _hann() -> Floats:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@cache
def _mel_filters() -> Floats:
    """Slaney's triangles over 0..8 kHz, each of the same area, for the bins up to 4 kHz: (101, 80)."""
    edges_hz = _hz(np.linspace(0.0, _mel(TOP_HZ), MELS + 2))
    bins_hz = np.fft.rfftfreq(WINDOW, 1 / NARROW_HZ)[:, np.newaxis]
    low, middle, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    return triangles.astype(np.float32)


def _mel(hz: float) -> float:
    """Slaney's scale above 1 kHz: linear up to there, logarithmic from there."""
    return 15.0 + 27.0 * float(np.log(hz / 1_000) / np.log(6.4))


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15.0, mels * 200 / 3, 1_000 * 6.4 ** ((mels - 15.0) / 27.0))
