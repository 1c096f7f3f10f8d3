"""8 kHz telephone sound -> the cepstra that pocketsphinx's 16 kHz model expects. Rule: pure, and the same however cut.

Per 10 ms: a 25.6 ms window, 20 log-mels below 4 kHz, a small regressor that completes them to the 25 log-mels of
the same sound at 16 kHz, and their cosine transform (13 cepstra, liftered) as in the model's feat.params. Every row is
computed alone, so a frame's cepstra depend on its samples and never on how the audio was cut into chunks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

PRE_EMPHASIS = 0.97
WIDE_MELS = 25
NARROW_MELS = 20
CEPSTRA = 13
LIFTER = 22
LOWEST_HZ = 130.0
HIGHEST_HZ = 6_800.0
POWER_FLOOR = 1e-4
WEIGHTS = Path(__file__).with_name("narrowband.npz")


def mel_of(hz: float) -> float:
    """Mel scale as pocketsphinx computes it."""
    return 2_595.0 * float(np.log10(1.0 + hz / 700.0))


def hz_of(mel: float) -> float:
    """Inverse of `mel_of`."""
    return 700.0 * float(10.0 ** (mel / 2_595.0) - 1.0)


def mel_filters(rate_hz: int, fft_size: int) -> Rows:
    """Triangular filters of unit area, (fft_size / 2, 25), edges rounded to FFT bins as pocketsphinx rounds them."""
    bin_hz = rate_hz / fft_size
    low, high = mel_of(LOWEST_HZ), mel_of(HIGHEST_HZ)
    edges_hz = [
        int(hz_of(low + step * (high - low) / (WIDE_MELS + 1)) / bin_hz + 0.5) * bin_hz for step in range(WIDE_MELS + 2)
    ]
    bins_hz = np.arange(fft_size // 2) * bin_hz
    filters = np.zeros((fft_size // 2, WIDE_MELS))
    for mel in range(WIDE_MELS):
        left, centre, right = edges_hz[mel : mel + 3]
        rising, falling = (bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre)
        filters[:, mel] = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (right - left)
    return filters.astype(np.float32)


def cosine_transform() -> Rows:
    """(25, 13): 25 log-mels -> 13 cepstra, orthonormal DCT-II with sinusoidal liftering."""
    order = np.arange(CEPSTRA)[:, None]
    waves = np.cos(order * np.pi / WIDE_MELS * (np.arange(WIDE_MELS)[None] + 0.5)) * np.sqrt(2.0 / WIDE_MELS)
    waves[0] = np.sqrt(1.0 / WIDE_MELS)
    lift = 1.0 + LIFTER / 2.0 * np.sin(np.arange(CEPSTRA) * np.pi / LIFTER)
    return np.ascontiguousarray((waves * lift[:, None]).T.astype(np.float32))


def row_by_row(rows: Rows, matrix: Rows) -> Rows:
    """`rows @ matrix`, each row as a product of its own: BLAS rounds a block of rows by its height."""
    product: Rows = np.matmul(rows[:, None, :], matrix)[:, 0, :]
    return product


class MelStream:
    """Streaming log-mels of one speaker; what does not fill a window waits for the next samples."""

    def __init__(self, rate_hz: int, mels: int) -> None:
        self._hop = rate_hz // 100
        self._width = int(rate_hz * 0.025625 + 0.5)
        self._fft_size = 256 * rate_hz // 8_000
        self._window = np.hamming(self._width).astype(np.float32)
        self._filters = np.ascontiguousarray(mel_filters(rate_hz, self._fft_size)[:, :mels])
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far: the next samples begin an utterance."""
        self._waiting = np.zeros(0, dtype=np.float32)
        self._before = np.float32(0.0)

    def feed(self, samples: NDArray[np.int16]) -> Rows:
        """Samples, however many -> the (rows, mels) that are now complete."""
        line = np.concatenate((self._waiting, samples.astype(np.float32)))
        count = max(0, 1 + (len(line) - self._width) // self._hop)
        if count == 0:
            self._waiting = line
            return np.zeros((0, self._filters.shape[1]), dtype=np.float32)
        shifted = np.concatenate((np.array([self._before], dtype=np.float32), line[:-1]))
        flat = line - np.float32(PRE_EMPHASIS) * shifted
        windows = np.lib.stride_tricks.sliding_window_view(flat, self._width)[:: self._hop][:count]
        spectrum = np.fft.rfft(windows * self._window, self._fft_size)[:, : self._fft_size // 2]
        power = np.square(np.abs(spectrum)).astype(np.float32)
        self._before = line[count * self._hop - 1]
        self._waiting = line[count * self._hop :]
        mels: Rows = np.log(row_by_row(power, self._filters) + np.float32(POWER_FLOOR))
        return mels


@dataclass(frozen=True, slots=True)
class Regressor:
    """One hidden layer with a straight path beside it: 20 log-mels at 8 kHz -> 25 log-mels at 16 kHz."""

    mean: Rows
    scale: Rows
    hidden: Rows
    bias: Rows
    out: Rows
    cepstral_mean: Rows

    def wide(self, narrow: Rows) -> Rows:
        """(rows, 20) -> (rows, 25)."""
        return row_by_row(self.features(narrow), self.out)

    def features(self, narrow: Rows) -> Rows:
        """(rows, 20) -> what the output layer weighs: rectified hidden units, the normalised mels, 1."""
        level = (narrow - self.mean) / self.scale
        raised = np.maximum(row_by_row(level, self.hidden) + self.bias, np.float32(0.0))
        return np.concatenate((raised, level, np.ones((len(level), 1), dtype=np.float32)), axis=1)

    @classmethod
    def read(cls, path: Path = WEIGHTS) -> "Regressor":
        """Load the weights that `python -m pipeline.providers.sphinx.train` wrote."""
        with np.load(path) as stored:
            return cls(**{name: stored[name].astype(np.float32) for name in cls.__slots__})


class FrontEnd:
    """One speaker's cepstra, streaming."""

    def __init__(self, regressor: Regressor) -> None:
        self._regressor = regressor
        self._mels = MelStream(8_000, NARROW_MELS)
        self._cosines = cosine_transform()

    def reset(self) -> None:
        """The next audio begins an utterance."""
        self._mels.reset()

    def feed(self, pcm: bytes) -> bytes:
        """PCM16 at 8 kHz (whole samples) -> cepstra, 13 float32 per 10 ms, as `Decoder.process_cep` takes them."""
        narrow = self._mels.feed(np.frombuffer(pcm, dtype="<i2"))
        return row_by_row(self._regressor.wide(narrow), self._cosines).tobytes()
