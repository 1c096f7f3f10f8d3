"""What holds for any session, whatever happens to it. Rule: it looks at outputs alone, one after the other.

A broken promise is an AssertionError that names it. While a client has the word, its items may go anywhere, and it may
be refused; `client_plays` says that playout is nobody's business here.
"""

from collections import Counter

from pipeline.realtime.event import Event
from pipeline.realtime.events import (
    Committed,
    ContentEvent,
    ContentPartAdded,
    ContentPartDone,
    ErrorEvent,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
    PlayoutCleared,
    PlayoutStarted,
    PlayoutStopped,
    ResponseCreated,
    ResponseDone,
    SpeechStarted,
    SpeechStopped,
    TimeoutTriggered,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
)
from pipeline.realtime.items import FunctionCallItem, FunctionOutputItem
from pipeline.realtime.ours import PartialTranscript
from pipeline.signals import (
    BeginUtterance,
    DropForeseen,
    EndCall,
    EndUtterance,
    FlushPlayout,
    Foresee,
    Output,
    PausePlayout,
    Play,
    ResumePlayout,
    Speak,
    StartReply,
    TransferCall,
)

OfAResponse = ContentEvent | OutputItemAdded | OutputItemDone | FunctionArgumentsDelta | FunctionArgumentsDone


AFTER_THE_END = TranscriptDelta | TranscriptCompleted | PartialTranscript | DropForeseen


class Watch:
    """Follows one session from its first output to its last."""

    def __init__(self, *, client_plays: bool = False) -> None:
        self.client_has_the_word = False
        self._client_plays = client_plays
        self._open: dict[str, bool] = {}
        self.ended = False
        self.transferring = False
        self.owed_transcripts: set[str] = set()
        self._event_ids: set[str] = set()
        self._responses: set[str] = set()
        self._asked: set[str] = set()
        self._words: dict[str, str] = {}
        self._items: list[str] = []
        self._made: set[str] = set()
        self._parts: set[str] = set()
        self._silent: set[str] = set()
        self._deleted: set[str] = set()
        self._open_items: set[str] = set()
        self._speech_item = ""
        self._heard_ms = 0
        self._utterance = 0
        self._utterance_open = False
        self._foreseen = False
        self._playing: set[str] = set()
        self._queued: set[str] = set()
        self.paused = False
        self._played: set[str] = set()
        self._calls: Counter[str] = Counter()

    @property
    def open_response(self) -> str | None:
        """The open response of the conversation."""
        return next((response_id for response_id, within in self._open.items() if within), None)

    def see(self, outputs: list[Output]) -> None:
        """Everything that came of one input."""
        for output in outputs:
            assert not self.ended or isinstance(output, AFTER_THE_END), f"after the end: {output}"
            if isinstance(output, Event):
                assert output.event_id not in self._event_ids, "an event id is used twice"
                self._event_ids.add(output.event_id)
            self._see_response(output)
            self._see_item(output)
            self._see_caller(output)
            self._see_foreseen(output)
            self._see_playout(output)
            self._see_end(output)

    def see_closed(self) -> None:
        """The session was closed: nothing is open."""
        assert not self._open, "a response was never done"
        assert not self._open_items, "an item was never done"
        assert not self._playing, "playout started and never ended"
        assert not self._foreseen, "what was foreseen was never dropped"

    def _see_response(self, output: Output) -> None:
        match output:
            case ResponseCreated(response=response):
                within = response.conversation_id is not None
                assert not (within and self.open_response), "two responses of the conversation are open"
                assert response.id not in self._responses, "a response was created twice"
                assert not response.output, "a response begins empty"
                assert response.usage is None, "a response that begins has used nothing"
                self._open[response.id] = within
                self._responses.add(response.id)
            case ResponseDone(response=response):
                assert response.id in self._open, "a response that is not open is done"
                made = {item.id for item in response.output}
                assert made <= self._made, "an item is open when its response is done"
                assert response.usage is not None, "a response that is done says what it used"
                del self._open[response.id]
            case OutputItemDone(item=item):
                self._made.add(item.id)
            case StartReply(response_id=response_id):
                assert response_id not in self._asked, "the model was asked twice for one response"
                self._asked.add(response_id)
                assert response_id in self._open, "asked for a response that is not open"
            case OutputTranscriptDelta(item_id=item_id, delta=delta) | OutputTextDelta(item_id=item_id, delta=delta):
                self._words[item_id] = self._words.get(item_id, "") + delta
            case OutputTranscriptDone(item_id=item_id, transcript=text) | OutputTextDone(item_id=item_id, text=text):
                assert text == self._words.get(item_id), "the words are not the sum of their deltas"
            case ContentPartAdded(item_id=item_id):
                self._parts.add(item_id)
            case OutputAudioDone(item_id=item_id):
                self._silent.add(item_id)
            case ContentPartDone(item_id=item_id):
                self._parts.remove(item_id)
            case Play(item_id=item_id):
                assert item_id in self._parts - self._silent, "audio of an item that has no open part"
            case _:
                pass
        if isinstance(output, OfAResponse | Play | Speak):
            assert output.response_id in self._open, f"of a response that is not open: {output}"

    def _see_item(self, output: Output) -> None:
        match output:
            case ItemAdded(item=item, previous_item_id=previous):
                assert item.id not in self._items, "an item was added twice"
                last = self._items[-1] if self._items else None
                assert self.client_has_the_word or previous == last, "an item follows another than the last"
                self._items.insert(0 if previous is None else self._items.index(previous) + 1, item.id)
                self._open_items.add(item.id)
                if isinstance(item, FunctionCallItem):
                    self._calls[item.call_id] += 1
                elif isinstance(item, FunctionOutputItem):
                    assert item.call_id in self._calls, "a call was answered that was never made"
                    self._calls[item.call_id] -= not self.client_has_the_word
                    assert self._calls[item.call_id] >= 0, "a call was answered twice"
            case ItemDone(item=item):
                assert item.id in self._open_items | self._deleted, "an item is done that is not open"
                self._open_items.discard(item.id)
            case ItemDeleted(item_id=item_id):
                self._items.remove(item_id)
                self._open_items.discard(item_id)
                self._deleted.add(item_id)
            case ErrorEvent():
                assert self.client_has_the_word, "a mistake that nobody made"
            case _:
                pass

    def _see_caller(self, output: Output) -> None:
        match output:
            case SpeechStarted(item_id=item_id, audio_start_ms=start_ms):
                assert start_ms >= self._heard_ms, "audio belongs to two utterances"
                self._speech_item = item_id
            case SpeechStopped(item_id=item_id, audio_end_ms=end_ms):
                assert item_id == self._speech_item, "speech stopped that had not started"
                self._heard_ms = end_ms
            case TimeoutTriggered(item_id=item_id):
                self._speech_item = item_id
            case Committed(item_id=item_id):
                assert self.client_has_the_word or item_id == self._speech_item, "another item was committed"
                self.owed_transcripts.add(item_id)
            case TranscriptCompleted(item_id=item_id) | TranscriptFailed(item_id=item_id):
                assert item_id in self.owed_transcripts, "a transcript for an item that waits for none"
                self.owed_transcripts.remove(item_id)
            case PartialTranscript(item_id=item_id):
                assert item_id == self._speech_item or item_id in self.owed_transcripts, "a partial out of time"
            case BeginUtterance(utterance=utterance):
                assert utterance == self._utterance + 1, "an utterance out of order"
                assert not self._utterance_open, "two utterances are open"
                self._utterance, self._utterance_open = utterance, True
            case EndUtterance(utterance=utterance):
                assert self._utterance_open, "an utterance ended that is not open"
                assert utterance == self._utterance, "another utterance ended than is open"
                self._utterance_open = False
            case _:
                pass

    def _see_foreseen(self, output: Output) -> None:
        match output:
            case Foresee(prompt=prompt):
                assert not self._foreseen, "two answers are foreseen"
                assert any(getattr(turn, "role", "") == "user" for turn in prompt.turns), (
                    "an answer is foreseen to nobody"
                )
                self._foreseen = True
            case DropForeseen():
                assert self._foreseen, "what is dropped was not foreseen"
                self._foreseen = False
            case _:
                pass

    def _see_playout(self, output: Output) -> None:
        if isinstance(output, PlayoutStarted | PlayoutStopped | PlayoutCleared):
            assert not self._client_plays, "playout is told of where the client plays"
        match output:
            case PlayoutStarted(response_id=response_id):
                assert response_id not in self._played, "playout started twice"
                self._played.add(response_id)
                self._playing.add(response_id)
            case PlayoutStopped(response_id=response_id):
                assert response_id in self._playing, "playout stopped that had not started"
                assert response_id not in self._open, "playout stopped before its response was done"
                self._playing.remove(response_id)
            case PlayoutCleared(response_id=response_id):
                assert response_id in self._playing, "playout was cleared that had not started"
                self._playing.remove(response_id)
            case Play(response_id=response_id):
                self._queued.add(response_id)
            case FlushPlayout():
                self._queued.clear()
                self.paused = False
            case PausePlayout() | ResumePlayout():
                assert not self._client_plays, "a client's own playout is held"
                assert self.paused == isinstance(output, ResumePlayout), "playout is held twice, or let go twice"
                self.paused = isinstance(output, PausePlayout)
            case ResponseDone(response=response) if response.status == "cancelled" and not self._client_plays:
                assert response.id not in self._queued, "what is cut is still to be heard"
            case _:
                pass

    def _see_end(self, output: Output) -> None:
        match output:
            case EndCall():
                assert not self._open, "the call ends within a response"
                self.ended = True
            case TransferCall():
                assert self.open_response is None, "the call is handed over within a response"
                self.transferring = True
            case _:
                pass
