"""When each stage of a turn was reached, on one clock. Rule: it watches what passes and changes nothing."""

from collections.abc import Callable

from pipeline.keypad import keys_in
from pipeline.providers import Message, Prompt, TextDelta, Transcript
from pipeline.realtime.ours import TurnGrounds
from pipeline.signals import EndUtterance, Input, Play, ReplyDelta, SpeechMade, StartReply

Stages = dict[str, float]
Answered = tuple[Stages, TurnGrounds | None]


class Timeline:
    """Stages of the open turn: speech_end, turn_decided, transcript_final, asked, first_token, first_speech, queued.

    All in ms of the given clock. A turn without speech (a greeting, digits) has no speech stages, also where somebody
    was heard before it who was not answered; `foreseen` is when the model was asked for an answer that was begun ahead
    of the turn's end.
    """

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._turn: Stages = {}
        self._grounds: TurnGrounds | None = None
        self._responses: dict[str, Answered] = {}
        self._foreseen_ms = 0.0

    def foresaw(self) -> None:
        """The model is asked ahead of the turn's end."""
        self._foreseen_ms = self._now_ms()

    def turn_decided(self, ended: EndUtterance) -> None:
        """The caller's turn ended."""
        now_ms = self._now_ms()
        self._turn = {"speech_end": now_ms - ended.silence_ms, "turn_decided": now_ms}
        self._grounds = ended.grounds

    def asked(self, start: StartReply, *, foreseen: bool) -> None:
        """The model is asked for this response, or was when it was foreseen."""
        turn, grounds = (self._turn, self._grounds) if _answers_speech(start.prompt) else ({}, None)
        early = {"foreseen": self._foreseen_ms} if foreseen else {}
        stages = {**turn, **early, "asked": self._now_ms()}
        in_order = dict(sorted(stages.items(), key=lambda stage: stage[1]))
        self._responses = {start.response_id: (in_order, grounds)}
        self._turn, self._grounds = {}, None

    def reached(self, happened: Input) -> None:
        """Note the stages that inputs show."""
        match happened:
            case Transcript(final=True):
                self._turn["transcript_final"] = self._now_ms()
            case ReplyDelta(response_id, TextDelta(text)) if text:
                self._note(response_id, "first_token")
            case SpeechMade(response_id=response_id):
                self._note(response_id, "first_speech")
            case _:
                pass

    def played(self, play: Play) -> Answered | None:
        """The response's stages when its first audio is queued, and why its turn was over; None for later audio."""
        answered = self._responses.pop(play.response_id, None)
        if answered is not None:
            answered[0]["queued"] = self._now_ms()
        return answered

    def _note(self, response_id: str, stage: str) -> None:
        if response_id in self._responses:
            self._responses[response_id][0].setdefault(stage, self._now_ms())


def _answers_speech(prompt: Prompt) -> bool:
    """Whether what the caller said is what the model is asked about, and not keys, or a function's output."""
    last = prompt.turns[-1] if prompt.turns else None
    return isinstance(last, Message) and last.role == "user" and not keys_in(last.text)
