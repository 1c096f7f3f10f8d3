"""Speech scores: webrtcvad is a cheap gate, Silero v6 the judge. Rule: the gate saves work, it never decides.

Silero takes windows of 32 ms (256 samples at 8 kHz) with 32 samples of context before them, and carries a
recurrent state from window to window. One model session serves all calls; each caller owns its state.

While the gate is closed the score is 0, Silero rests and its state stays as the caller's own background left it:
a gate closes only after HOLD_MS in which neither judge heard speech. When it opens, the windows are laid so that
one ends with the present frame, and the one before it is heard first: the onset comes no later than without a
gate. For GLANCE_MS after that, frames between two windows are judged too, on an overlapping window whose state is
dropped.

From the first voiced sample of synthesised speech over G.711 to a score of 0.5: p50 30-42 ms, p95 65-119 ms, clean,
quiet (-38 dBov) and down to 10 dB of noise (without a gate 35-45 and 77-85). Cost: see `Silero.score_together`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import webrtcvad
from numpy.typing import NDArray

from pipeline.audio import FRAME_MS, NARROW_HZ, SAMPLE_BYTES, Frame
from pipeline.providers import ProviderError
from pipeline.providers.loudness import Loudness

WINDOW = 256
CONTEXT = 32
FRAME = NARROW_HZ * FRAME_MS // 1_000
GATE_AGGRESSIVENESS = 2
HOLD_MS = 240
GLANCE_MS = 100
STILL_SPEECH = 0.3
ONSET = 0.5

Window = NDArray[np.float32]
State = NDArray[np.float32]


class Silero:
    """The model, shared by every call of the process. Loading takes about 40 ms; raises ProviderError."""

    def __init__(self, model: Path) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as pybind

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except (OSError, pybind.Fail, pybind.InvalidProtobuf, pybind.InvalidGraph, pybind.InvalidArgument) as error:
            structlog.get_logger().error(
                "speech_model_unusable", file=str(model), problem=type(error).__name__, remedy="run the set-up again"
            )
            raise ProviderError("silero", "unreachable") from None
        self._rate = np.array(NARROW_HZ, dtype=np.int64)
        self.judge([np.zeros(CONTEXT + WINDOW, dtype=np.float32)], [fresh_state()])

    def judge(self, windows: Sequence[Window], states: Sequence[State]) -> tuple[list[float], list[State]]:
        """Speech probability and next state for windows of different callers, in one run of the model."""
        scores, after = self._session.run(
            None, {"input": np.stack(windows), "state": np.concatenate(states, axis=1), "sr": self._rate}
        )
        if len(windows) == 1:
            return [float(scores[0, 0])], [after]
        return scores[:, 0].tolist(), [after[:, place : place + 1].copy() for place in range(len(windows))]

    def caller(self) -> "CallerActivity":
        """A VoiceActivity for one call."""
        return CallerActivity(self)

    def score_together(self, heard: Sequence[tuple["CallerActivity", Frame]]) -> list[float]:
        """Scores for one frame of each of many callers, bit for bit as from `score`, at less than half the cost.

        For a tick of the bridge that brings a frame of every call: 100 calls in half-duplex conversation cost
        1.5 ms a tick, 15 us a frame (one by one 37 us). No caller may appear twice.
        """
        waiting = [(caller, windows) for caller, frame in heard if (windows := caller.hear(frame))]
        while waiting:
            windows = [left.pop(0) for _, left in waiting]
            scores, states = self.judge(windows, [caller.state for caller, _ in waiting])
            for (caller, _), score, state in zip(waiting, scores, states, strict=True):
                caller.learn(score, state)
            waiting = [(caller, left) for caller, left in waiting if left]
        return [caller.weighed(frame) for caller, frame in heard]


def fresh_state() -> State:
    """Silero's state before anything was heard."""
    return np.zeros((2, 1, 128), dtype=np.float32)


class CallerActivity:
    """One caller's VoiceActivity; `hear` and `learn` are for its Silero alone."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        self._gate = webrtcvad.Vad(GATE_AGGRESSIVENESS)
        self._past = bytes((CONTEXT + 3 * WINDOW) * SAMPLE_BYTES)
        self._hold_ms = HOLD_MS
        self._glance_ms = 0
        self._fresh = 0
        self._unjudged = 0
        self._loudness = Loudness()
        self._began = False
        self.state = fresh_state()
        self.speech = 0.0

    def score(self, frame: Frame) -> float:
        """Probability of speech, 0..1, at the end of this frame."""
        return self._silero.score_together([(self, frame)])[0]

    def hear(self, frame: Frame) -> list[Window]:
        """Take a frame in; the windows that must be judged for it, in order, each answered by one `learn`."""
        self._past = (self._past + frame.narrow)[-(CONTEXT + 3 * WINDOW) * SAMPLE_BYTES :]
        sounds = self._gate.is_speech(frame.narrow, NARROW_HZ)
        if self._hold_ms == 0:
            return self._opened() if sounds else []
        self._hold_ms = HOLD_MS if sounds or self.speech > STILL_SPEECH else self._hold_ms - FRAME_MS
        if self._hold_ms == 0:
            self.speech = 0.0
            return []
        return self._followed(sounds)

    def _opened(self) -> list[Window]:
        self._hold_ms = HOLD_MS
        self._glance_ms = GLANCE_MS
        self._fresh = 0
        self._unjudged = 2
        return [self._window(WINDOW), self._window(0)]

    def _followed(self, sounds: bool) -> list[Window]:
        windows = []
        self._fresh += FRAME
        if self._fresh >= WINDOW:
            self._fresh -= WINDOW
            windows.append(self._window(self._fresh))
        self._unjudged = len(windows)
        if self._glance_ms > 0:
            self._glance_ms -= FRAME_MS
            if sounds and self._fresh > 0 and self.speech < ONSET:
                windows.append(self._window(0))
        return windows

    def _window(self, ago: int) -> Window:
        """The window with its context that ended so many samples ago."""
        end = CONTEXT + 3 * WINDOW - ago
        samples = np.frombuffer(self._past, dtype="<i2")[end - WINDOW - CONTEXT : end]
        return samples.astype(np.float32) / np.float32(32_768)

    def weighed(self, frame: Frame) -> float:
        """The score of the frame just judged: once speech has begun, a hush is silence whatever Silero remembers."""
        speech = self.speech >= STILL_SPEECH
        hushed = self._loudness.hushed(frame, speech=speech)
        self._began = self._hold_ms > 0 and (self._began or (self.speech >= ONSET and not hushed))
        return 0.0 if hushed and self._began else self.speech

    def learn(self, score: float, state: State) -> None:
        """The answer to one window: one of the sequence moves the state on, a glance may only raise the score."""
        if self._unjudged:
            self._unjudged -= 1
            self.speech, self.state = score, state
        else:
            self.speech = max(self.speech, score)
