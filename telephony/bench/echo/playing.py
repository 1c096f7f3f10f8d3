"""A conversation over a speakerphone, tick by tick: a real session, voice activity and echo guard. Rule: nothing waits.

The recogniser is the worst there can be: whatever is taken for an utterance, it understands in full, echoes as well.
"""

from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import Literal, Protocol

import numpy as np

from pipeline.audio import FRAME_MS, Frame, Narrow
from pipeline.echo import Echo
from pipeline.manners import Manners
from pipeline.providers import TextDelta, Transcript
from pipeline.providers.vad import CallerActivity
from pipeline.realtime.client import decode
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import Committed, PlayoutCleared
from pipeline.session import Session
from pipeline.signals import (
    BeginUtterance,
    CallerFrame,
    EndUtterance,
    FlushPlayout,
    Input,
    Output,
    PausePlayout,
    Play,
    ReplyDelta,
    ReplyEnded,
    ResumePlayout,
    Setting,
    Speak,
    SpeechEnded,
    SpeechMade,
    StartReply,
)
from telephony.bench.echo.room import FRAME, Room
from telephony.bench.turns.sound import PER_MS, Sound, silence

PARTIAL_EVERY_MS = 300
FINAL_AFTER_MS = 100
QUIET_MS = 1_200
ANSWER = "Yes?"

Guard = Literal["none", "guard", "canceller"]


class Canceller(Protocol):
    """Takes the echo out of what comes back."""

    def clean(self, heard: bytes, sent: bytes) -> bytes:
        """One tick."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """Words and their sound."""

    words: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller says this so long after the agent began."""

    said: Line
    after_ms: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one utterance of the agent; `waited_ms` and `yielded_ms` are from where the caller began."""

    interrupted: bool
    agent_ms: int
    pauses: int = 0
    stopped: bool = False
    items: int = 0
    waited_ms: int | None = None
    yielded_ms: int | None = None


class Playout:
    """What a RingPort does, without one."""

    def __init__(self) -> None:
        self._queued = np.zeros(0)
        self.paused = False
        self.played = 0

    @property
    def idle(self) -> bool:
        """Nothing is left to be heard."""
        return not len(self._queued)

    def queue(self, sound: Sound) -> None:
        """Behind what is queued."""
        self._queued = np.concatenate([self._queued, sound])

    def flush(self) -> None:
        """Drop what has not left."""
        self._queued, self.paused = self._queued[:0], False

    def tick(self) -> Sound:
        """What leaves now: a frame, or less of it, or nothing."""
        if self.paused:
            return self._queued[:0]
        left, self._queued = self._queued[:FRAME], self._queued[FRAME:]
        self.played += len(left)
        return left


class Conversation:
    """One call; `played` tells what became of each utterance of the agent."""

    def __init__(self, room: Room, activity: CallerActivity, guard: Echo | None, canceller: Canceller | None) -> None:
        ids = count()
        setting = Setting(manners=Manners(speculation=0.0))
        self._session = Session(SessionConfig(), lambda kind: f"{kind}_{next(ids)}", setting=setting)
        self._room, self._activity, self._guard, self._canceller = room, activity, guard, canceller
        self._playout = Playout()
        self._now_ms = 0
        self._due: list[tuple[int, Input]] = []
        self._says: deque[Line] = deque()
        self._newest = Line(ANSWER, silence(400))
        self._understood = ANSWER
        self._seen: list[tuple[int, Output]] = []

    def play(self, said: Line, interruption: Interruption | None = None) -> Outcome:
        """The agent says this, and is heard out or stopped."""
        self._seen.clear()
        self._says.append(said)
        self._newest, self._understood = said, said.words
        began_ms, quiet_ms = self._now_ms, 0
        caller = np.zeros(0)
        if interruption is not None:
            caller = np.concatenate([silence(interruption.after_ms), interruption.said.sound])
        self._perform(self._session.handle(decode(b'{"type": "response.create"}')))
        while quiet_ms < QUIET_MS or len(caller) or self._due:
            if interruption is not None and self._now_ms - began_ms >= interruption.after_ms:
                self._understood = interruption.said.words
            now, caller = caller[:FRAME], caller[FRAME:]
            self._tick(np.pad(now, (0, FRAME - len(now))))
            quiet_ms = quiet_ms + FRAME_MS if self._playout.idle and not len(caller) else 0
        return self._outcome(said, interruption, began_ms)

    def _outcome(self, said: Line, interruption: Interruption | None, began_ms: int) -> Outcome:
        caller_ms = began_ms + interruption.after_ms if interruption is not None else self._now_ms + 1
        alone = [output for at_ms, output in self._seen if at_ms < caller_ms]
        then = [(at_ms - caller_ms, output) for at_ms, output in self._seen if at_ms >= caller_ms]
        return Outcome(
            interrupted=interruption is not None,
            agent_ms=len(said.sound) // PER_MS if interruption is None else interruption.after_ms,
            pauses=sum(isinstance(output, PausePlayout) for output in alone),
            stopped=any(isinstance(output, PlayoutCleared) for output in alone),
            items=sum(isinstance(output, Committed) for output in alone),
            waited_ms=next((ms for ms, output in then if isinstance(output, PausePlayout | PlayoutCleared)), None),
            yielded_ms=next((ms for ms, output in then if isinstance(output, PlayoutCleared)), None),
        )

    def _tick(self, caller: Sound) -> None:
        agent = self._playout.tick()
        padded = np.pad(agent, (0, FRAME - len(agent)))
        sent = padded.astype("<i2").tobytes() if len(agent) else b""
        heard = self._room.frame(padded, caller)
        if self._canceller is not None:
            heard = self._canceller.clean(heard, padded.astype("<i2").tobytes())
        frame = Frame(heard, b"", sent)
        score = self._activity.score(frame)
        foreign = self._guard.foreign(frame, score) if self._guard is not None else 1.0
        self._now_ms += FRAME_MS
        self._perform(self._session.handle(CallerFrame(score, self._playout.played // PER_MS, foreign)))
        for news in [each for each in self._due if each[0] <= self._now_ms]:
            self._due.remove(news)
            self._perform(self._session.handle(news[1]))

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            self._seen.append((self._now_ms, output))
            match output:
                case PausePlayout():
                    self._playout.paused = True
                case ResumePlayout():
                    self._playout.paused = False
                case FlushPlayout():
                    self._playout.flush()
                case Play(speech=Narrow(pcm)):
                    self._playout.queue(np.frombuffer(pcm, dtype="<i2").astype(np.float64))
                case _:
                    self._provide(output)

    def _provide(self, output: Output) -> None:
        """What providers do, at once; a recogniser needs a moment."""
        match output:
            case StartReply(response_id):
                self._newest = self._says.popleft() if self._says else Line(ANSWER, silence(400))
                self._perform(self._session.handle(ReplyDelta(response_id, TextDelta(self._newest.words))))
                self._perform(self._session.handle(ReplyEnded(response_id)))
            case Speak(response_id, piece):
                pcm = Narrow(np.rint(self._newest.sound).astype("<i2").tobytes())
                self._perform(self._session.handle(SpeechMade(response_id, piece, pcm)))
                self._perform(self._session.handle(SpeechEnded(response_id, piece)))
            case BeginUtterance(utterance):
                self._due.append(
                    (self._now_ms + PARTIAL_EVERY_MS, Transcript(utterance, self._understood, final=False))
                )
            case EndUtterance(utterance):
                final = Transcript(utterance, self._understood, final=True)
                self._due = [(self._now_ms + FINAL_AFTER_MS, final)]
            case _:
                pass
