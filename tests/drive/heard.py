"""What a caller hears and is heard to say, whatever happens to the session. Rule: it looks at inputs and outputs alone.

A broken promise is an AssertionError that names it. It is for calls: where a client plays, it hears what it likes.
"""

from collections import deque

from pipeline.audio import FRAME_MS, speech_ms
from pipeline.prompts import plain_words
from pipeline.providers import Message, Prompt, Transcript
from pipeline.realtime.events import (
    Committed,
    OutputTranscriptDelta,
    ResponseCreated,
    ResponseDone,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
    TranscriptCompleted,
    TranscriptFailed,
)
from pipeline.signals import (
    BeginUtterance,
    FillSilence,
    FlushPlayout,
    Input,
    Output,
    PausePlayout,
    Play,
    ResumePlayout,
    Speak,
    SpeechMade,
    StartReply,
)

NOBODY = ""


class CallersEar:
    """The line's queue and what has left it: one response after the other, none twice, and nothing that was cut."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, float]] = deque()
        self._held = False
        self._created: list[str] = []
        self._cancelled: set[str] = set()
        self._heard: list[str] = []

    def see(self, outputs: list[Output]) -> None:
        """What the session wants played, and not."""
        for output in outputs:
            match output:
                case Play(response_id=response_id, speech=speech):
                    self._queue.append((response_id, speech_ms(speech)))
                case FillSilence(pcm=speech):
                    self._queue.append((NOBODY, speech_ms(speech)))
                case FlushPlayout():
                    self._queue.clear()
                    self._held = False
                case PausePlayout() | ResumePlayout():
                    self._held = isinstance(output, PausePlayout)
                case ResponseCreated(response=response):
                    self._created.append(response.id)
                case ResponseDone(response=response) if response.status == "cancelled":
                    self._cancelled.add(response.id)
                case _:
                    pass

    def frame_passes(self) -> None:
        """20 ms of the line's time."""
        left_ms = 0.0 if self._held else float(FRAME_MS)
        while left_ms > 0 and self._queue:
            response_id, queued_ms = self._queue.popleft()
            self._hears(response_id)
            if queued_ms > left_ms:
                self._queue.appendleft((response_id, queued_ms - left_ms))
            left_ms -= queued_ms

    def _hears(self, response_id: str) -> None:
        if response_id == NOBODY:
            return
        assert response_id not in self._cancelled, "what was cut is heard"
        if response_id in self._heard[-1:]:
            return
        assert response_id not in self._heard, "a response is heard in the middle of another"
        later = self._created[self._created.index(response_id) :]
        assert not set(later) & set(self._heard), "a response is heard after a later one"
        self._heard.append(response_id)


class AgentsMouth:
    """What the voice is given and gives: each piece once, and each word of a response once and in order."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[str]] = {}
        self._written: dict[str, str] = {}

    def see(self, happened: Input, outputs: list[Output]) -> None:
        """One input and what came of it."""
        played = [output for output in outputs if isinstance(output, Play)]
        assert len(played) <= 1, "audio is played twice"
        if isinstance(happened, SpeechMade) and played:
            assert played[0].response_id == happened.response_id, "audio of another response is played"
            assert played[0].speech is happened.speech, "other audio is played than was made"
        for output in outputs:
            match output:
                case Speak(response_id=response_id, piece=piece, text=text):
                    spoken = self._pieces.setdefault(response_id, [])
                    assert piece >= len(spoken), "a piece is spoken twice"
                    spoken += [""] * (piece - len(spoken)) + [text]
                case OutputTranscriptDelta(response_id=response_id, delta=delta):
                    self._written[response_id] = self._written.get(response_id, "") + delta
                case ResponseDone(response=response):
                    spoken_words = plain_words(" ".join(self._pieces.pop(response.id, [])))
                    left = iter(plain_words(self._written.pop(response.id, "")))
                    assert all(word in left for word in spoken_words), "a word is spoken twice, or none of the response"
                case _:
                    pass


class CallersWords:
    """The caller's utterances as items: each word that was understood is in one of them, and so is each sound.

    Items and responses are the session's own here, and nobody deletes any.
    """

    def __init__(self) -> None:
        self._utterance = 0
        self._silence = ""
        self._items: dict[int, str] = {}
        self._owed: set[str] = set()
        self._order: list[str] = []
        self._words: dict[str, str] = {}
        self._speech_from_ms: int | None = None
        self.spans: list[tuple[int, int]] = []

    def told(self, happened: Input) -> None:
        """Words that a session is about to be told count if an item waits for them."""
        match happened:
            case Transcript(utterance, text, final=True) if self._items.get(utterance) in self._owed:
                self._owed.remove(self._items[utterance])
                self._words[self._items[utterance]] = text.strip()
            case _:
                pass

    def see(self, outputs: list[Output]) -> None:
        """What came of it."""
        for output in outputs:
            match output:
                case SpeechStarted(audio_start_ms=start_ms):
                    self._speech_from_ms = start_ms
                case SpeechStopped(audio_end_ms=end_ms):
                    assert self._speech_from_ms is not None
                    self.spans.append((self._speech_from_ms, end_ms))
                    self._speech_from_ms = None
                case BeginUtterance(utterance):
                    self._utterance = utterance
                case TimeoutTriggered(item_id=item_id):
                    self._silence = item_id
                case Committed(item_id=item_id):
                    assert item_id not in self._order, "an item is committed twice"
                    self._order.append(item_id)
                    if item_id != self._silence:
                        self._items[self._utterance] = item_id
                        self._owed.add(item_id)
                case TranscriptCompleted(item_id=item_id, transcript=text):
                    assert text == self._words.get(item_id, ""), "an item has another's words"
                case TranscriptFailed(item_id=item_id):
                    self._owed.discard(item_id)
                case StartReply(prompt=prompt):
                    self._asked(prompt)
                case _:
                    pass

    def _asked(self, prompt: Prompt) -> None:
        texts = [turn.text for turn in prompt.turns if isinstance(turn, Message) and turn.role == "user"]
        said = [self._words.get(item_id, "") for item_id in self._order]
        heard = [text for text in texts if text and not text.startswith("[digits")]
        assert heard == [words for words in said if words], "the model is asked about other words than were said"
