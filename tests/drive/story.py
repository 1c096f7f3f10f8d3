"""A call told from outside its session: what the caller does, what the providers answer, and how playout goes on.

Rule: pure; time passes in frames, and every output since the last look can be taken.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from pipeline.audio import FRAME_MS, WIDE_HZ, bytes_of, speech_ms
from pipeline.providers import Delta, FunctionCall, Prompt, Reason, TextDelta, Transcript
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.event import Event
from pipeline.realtime.events import ResponseDone
from pipeline.session import Session
from pipeline.signals import (
    BeginUtterance,
    CallerFrame,
    CancelReply,
    Digit,
    DropForeseen,
    Elapsed,
    EndUtterance,
    FillSilence,
    FlushPlayout,
    Foresee,
    Greet,
    Input,
    LastResort,
    Output,
    PausePlayout,
    Play,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    ResumePlayout,
    Setting,
    Speak,
    SpeechEnded,
    SpeechMade,
    StartReply,
)

SPEECH, SILENCE = 0.9, 0.0
MS_PER_CHARACTER = 60
APOLOGY_MS = 1_000


def counting_ids() -> Callable[[str], str]:
    """item_1, item_2, ...: each kind of id counts for itself."""
    drawn: Counter[str] = Counter()

    def draw(kind: str) -> str:
        drawn[kind] += 1
        return f"{kind}_{drawn[kind]}"

    return draw


def sound(ms: int) -> bytes:
    """So much agent audio."""
    return bytes(bytes_of(ms, WIDE_HZ))


def name_of(output: Output) -> str:
    """An event's name on the wire, or the kind of any other output."""
    return str(output.__struct_config__.tag) if isinstance(output, Event) else type(output).__name__


class Story:
    """One call; `outputs` holds all that ever came of it."""

    def __init__(self, config: SessionConfig | None = None, kind: type[Session] = Session, **more: Any) -> None:
        more.setdefault("last_resort", LastResort(pcm=sound(APOLOGY_MS)))
        self.session = kind(config or SessionConfig(), counting_ids(), **more)
        self._client_plays = more.get("setting", Setting()).client_plays
        self.outputs: list[Output] = []
        self.played_ms = 0
        self.queued_ms = 0
        self.paused = False
        self.response_id = ""
        self.prompt: Prompt | None = None
        self.foreseen: Prompt | None = None
        self._looked = 0
        self._unspoken: list[Speak] = []
        self._unheard: list[int] = []
        self._utterance = 0
        self._note(self.session.opened())

    def tell(self, happened: Input) -> list[Output]:
        """One input; returns what came of it."""
        outputs = self.session.handle(happened)
        self._note(outputs)
        return outputs

    def take(self, *kinds: type) -> list[Any]:
        """Outputs (of these kinds, or all) since the last look; events without their ids."""
        fresh = self.outputs[self._looked :]
        self._looked = len(self.outputs)
        chosen = [output for output in fresh if not kinds or isinstance(output, kinds)]
        return [
            msgspec.structs.replace(output, event_id="") if isinstance(output, Event) else output for output in chosen
        ]

    def take_names(self, *unwanted: str) -> list[str]:
        """The names of the outputs since the last look."""
        return [name for output in self.take() if (name := name_of(output)) not in unwanted]

    def passes(self, ms: int, score: float = SILENCE) -> None:
        """Time goes by; what is queued leaves meanwhile."""
        for _ in range(ms // FRAME_MS):
            self._plays()
            self.tell(CallerFrame(score, self.played_ms))
            if self._client_plays:
                self.tell(Elapsed(FRAME_MS, self.played_ms))

    def line_brings(self, ms: int, score: float, foreign: float) -> None:
        """Sound of which so much (0 to 1) is not the agent's own voice."""
        for _ in range(ms // FRAME_MS):
            self._plays()
            self.tell(CallerFrame(score, self.played_ms, foreign))

    def waits(self, ms: int) -> None:
        """Time goes by without any caller audio."""
        for _ in range(ms // FRAME_MS):
            self._plays()
            self.tell(Elapsed(FRAME_MS, self.played_ms))

    def caller_speaks(self, ms: int) -> None:
        """The caller makes a sound; whether there are words in it is the recogniser's business."""
        self.passes(ms, SPEECH)

    def caller_stops(self, silence_ms: int = 500) -> None:
        """Silence, long enough to end the caller's turn."""
        self.passes(silence_ms)

    def recogniser_hears(self, text: str) -> None:
        """The final transcript of the oldest utterance that waits for one."""
        self.tell(Transcript(self._unheard.pop(0), text, final=True))

    def recogniser_shows(self, text: str) -> None:
        """What is understood so far of the utterance that began last."""
        self.tell(Transcript(self._utterance, text, final=False))

    def unheard(self) -> list[int]:
        """The utterances that wait for their transcripts; they are somebody else's business from now on."""
        waiting, self._unheard = self._unheard, []
        return waiting

    def caller_says(self, text: str, ms: int = 600) -> None:
        """A whole turn of the caller."""
        self.caller_speaks(ms)
        self.caller_stops()
        self.recogniser_hears(text)

    def caller_presses(self, keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.tell(Digit(key, 0))

    def model_gives(self, *deltas: Delta) -> None:
        """The model's stream for the response it was last asked for goes on."""
        for delta in deltas:
            self.tell(ReplyDelta(self.response_id, delta))

    def model_says(self, text: str) -> None:
        """The model gives words."""
        self.model_gives(TextDelta(text))

    def model_calls(self, name: str, arguments: str = "{}", call_id: str = "call_1") -> None:
        """The model calls a function."""
        self.model_gives(FunctionCall(call_id, name, arguments))

    def model_ends(self) -> None:
        """The model's stream is complete."""
        self.tell(ReplyEnded(self.response_id))

    def model_fails(self, reason: Reason = "unreachable") -> None:
        """The model's stream breaks."""
        self.tell(ReplyFailed(self.response_id, reason))

    def voice_speaks(self, ms: int | None = None) -> None:
        """The voice makes all pieces that it was given: of that length each, or as long as their words take."""
        pieces, self._unspoken = self._unspoken, []
        for piece in pieces:
            pcm = sound(len(piece.text) * MS_PER_CHARACTER if ms is None else ms)
            self.tell(SpeechMade(piece.response_id, piece.piece, pcm))
            self.tell(SpeechEnded(piece.response_id, piece.piece))

    def agent_says(self, text: str, ms: int | None = None) -> None:
        """Model and voice make a whole reply; none of it has left yet."""
        self.model_says(text)
        self.model_ends()
        self.voice_speaks(ms)

    def agent_greets(self, text: str = "Hello.", ms: int = 1_000) -> None:
        """The call is answered, the agent speaks first and is heard out."""
        self.tell(Greet())
        self.agent_says(text, ms)
        self.passes(ms + FRAME_MS)

    def said_so_far(self) -> list[tuple[str, str]]:
        """The last prompt's turns: who, and the words or the function's name or output."""
        assert self.prompt is not None
        return [
            (
                getattr(turn, "role", type(turn).__name__),
                str(getattr(turn, "text", "") or getattr(turn, "name", "") or getattr(turn, "output", "")),
            )
            for turn in self.prompt.turns
        ]

    def _note(self, outputs: list[Output]) -> None:
        self.outputs += outputs
        for output in outputs:
            match output:
                case Play(speech=speech) | FillSilence(pcm=speech):
                    self.queued_ms += int(speech_ms(speech))
                case FlushPlayout():
                    self.queued_ms, self.paused = 0, False
                case PausePlayout():
                    self.paused = True
                case ResumePlayout():
                    self.paused = False
                case StartReply(response_id, prompt):
                    self.response_id, self.prompt = response_id, prompt
                case Foresee(prompt=prompt):
                    self.foreseen = prompt
                case DropForeseen():
                    self.foreseen = None
                case Speak():
                    self._unspoken.append(output)
                case CancelReply(response_id):
                    self._drop_pieces(response_id)
                case ResponseDone(response=response):
                    self._drop_pieces(response.id)
                case BeginUtterance(utterance):
                    self._utterance = utterance
                case EndUtterance(utterance):
                    self._unheard.append(utterance)
                case _:
                    pass

    def _plays(self) -> None:
        """One frame of what is queued leaves, unless it is held."""
        step_ms = 0 if self.paused else min(FRAME_MS, self.queued_ms)
        self.played_ms += step_ms
        self.queued_ms -= step_ms

    def _drop_pieces(self, response_id: str) -> None:
        self._unspoken = [piece for piece in self._unspoken if piece.response_id != response_id]
