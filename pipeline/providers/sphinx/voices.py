"""Synthetic speakers for training and measuring: flite by its C library, espeak-ng by its command. Rule: offline only.

A caller's speech is never made here: the agent's voice is another provider, and recognition needs no voice.
"""

import ctypes
import io
import subprocess
import wave
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
PLAIN_WORDS_PER_MINUTE = 170


@dataclass(frozen=True, slots=True)
class Voice:
    """`flite/slt` or `espeak/en-us+f2`; `pace` 1.2 speaks a fifth faster; `pitch` is espeak's, 0..99."""

    name: str
    pace: float = 1.0
    pitch: int = 50


class SpeakerMissingError(Exception):
    """A Debian package that speaks is not installed; the message names it."""


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_char_p),
        ("rate_hz", ctypes.c_int),
        ("count", ctypes.c_int),
        ("channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    ]


class _Speaker(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("features", ctypes.c_void_p)]


@cache
def _flite(name: str) -> "tuple[ctypes.CDLL, ctypes._Pointer[_Speaker]]":
    try:
        library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for language in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            ctypes.CDLL(language, mode=ctypes.RTLD_GLOBAL)
        register = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1")[f"register_cmu_us_{name}"]
    except (OSError, AttributeError):
        raise SpeakerMissingError(f"flite's voice {name!r}: install the Debian package libflite1") from None
    library.flite_init()
    library.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    library.flite_text_to_wave.restype = ctypes.POINTER(_Wave)
    library.delete_wave.argtypes = [ctypes.POINTER(_Wave)]
    library.feat_set_float.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]
    register.argtypes = [ctypes.c_char_p]
    register.restype = ctypes.POINTER(_Speaker)
    return library, register(None)


def _by_flite(voice: str, pace: float, text: str) -> tuple[Samples, int]:
    library, speaker = _flite(voice)
    library.feat_set_float(speaker.contents.features, b"duration_stretch", 1.0 / pace)
    made = library.flite_text_to_wave(text.encode("ascii", "ignore"), speaker)
    sound = np.ctypeslib.as_array(made.contents.samples, (made.contents.count,)).copy()
    rate_hz = made.contents.rate_hz
    library.delete_wave(made)
    return sound, rate_hz


def _by_espeak(voice: Voice, name: str, text: str) -> tuple[Samples, int]:
    pace = str(round(PLAIN_WORDS_PER_MINUTE * voice.pace))
    command = ["espeak-ng", "--stdout", "-v", name, "-s", pace, "-p", str(voice.pitch), "--", text]
    try:
        spoken = subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise SpeakerMissingError("espeak-ng: install the Debian package espeak-ng") from None
    with wave.open(io.BytesIO(spoken)) as file:  # its header counts no frames: it was written to a pipe
        rate_hz = file.getframerate()
    return np.frombuffer(spoken[44 : len(spoken) // 2 * 2], dtype="<i2"), rate_hz


def spoken_by(voice: Voice, text: str) -> tuple[Samples, int]:
    """What the voice says, as PCM16 and its rate in Hz; raises SpeakerMissingError."""
    engine, _, name = voice.name.partition("/")
    if engine == "flite":
        return _by_flite(name, voice.pace, text)
    return _by_espeak(voice, name, text)
