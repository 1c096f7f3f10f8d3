"""What clients ask of a session, and what they are answered. Rule: a mistake of theirs is an `error`, nothing else.

Nothing harmless is a mistake: a truncation may come late, twice or beyond the end.
"""

from msgspec.structs import replace

from pipeline.answering import Answering
from pipeline.conversation import FIRST, Conversation
from pipeline.listening import LEAST_COMMIT_MS, Listening
from pipeline.naming import Misnamed, voiced
from pipeline.realtime.change import changed
from pipeline.realtime.client import (
    AnswerFunction,
    AppendAudio,
    Asked,
    CancelResponse,
    ClearAudio,
    ClearPlayout,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    Refusal,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.dialect import answers_of_itself, honoured
from pipeline.realtime.events import ErrorDetail, ErrorEvent, ItemDeleted, ItemRetrieved, ItemTruncated, SessionUpdated
from pipeline.realtime.items import FunctionCallItem, FunctionOutputItem, Item, MessageItem
from pipeline.realtime.mistakes import mistake
from pipeline.realtime.session_view import as_object
from pipeline.realtime.wish import ItemReference, ResponseWish
from pipeline.signals import AgentAudio, Configured, Ids, Output, Setting, ShowItem
from pipeline.terms import Terms
from pipeline.wire_order import whole_item

NOT_ACTIVE = "Cancellation failed: no active response found"


class Steering:
    """Carries out client events."""

    def __init__(
        self,
        config: SessionConfig,
        ids: Ids,
        conversation: Conversation,
        listening: Listening,
        answering: Answering,
        setting: Setting,
    ) -> None:
        self.config = config
        self.session_id = ids("sess")
        self._ids = ids
        self._conversation = conversation
        self._listening = listening
        self._answering = answering
        self._setting = setting

    def take(self, asked: Asked) -> list[Output]:
        """One event of a client."""
        match asked:
            case Refusal(error):
                return [self._error(error)]
            case AppendAudio():
                return []
            case CommitAudio():
                return self._commit(asked)
            case ClearAudio():
                return self._listening.clear()
            case ClearPlayout():
                return self._clear_playout()
            case CreateItem():
                return self._create_item(asked)
            case RetrieveItem():
                return self._retrieve(asked)
            case TruncateItem():
                return self._truncate(asked)
            case DeleteItem():
                return self._delete(asked)
            case CreateResponse():
                return self._create_response(asked)
            case CancelResponse():
                return self._cancel_response(asked)
            case UpdateSession():
                return self._update(asked)
            case AnswerFunction():
                return self._answer_function(asked)

    def _commit(self, asked: CommitAudio) -> list[Output]:
        buffered_ms = self._listening.buffered_ms
        out = self._listening.commit()
        if out:
            return out
        message = (
            f"Error committing input audio buffer: buffer too small. Expected at least {LEAST_COMMIT_MS}ms of audio, "
            f"but buffer only has {buffered_ms}.00ms of audio."
        )
        return self._mistake("input_audio_buffer_commit_empty", message, asked.event_id)

    def _clear_playout(self) -> list[Output]:
        if self._setting.client_plays or self._answering.speaking.idle:
            return []
        return self._answering.cut("client_cancelled")

    def _create_item(self, asked: CreateItem) -> list[Output]:
        item, after = asked.item, asked.previous_item_id
        if item.id in self._conversation or (item.id and item.id == self._listening.promised_id):
            message = f"Error adding item: an item with id '{item.id}' already exists."
            return self._mistake("item_create_duplicate_item_id", message, asked.event_id, "item.id")
        if after is not None and after != FIRST and after not in self._conversation:
            message = f"Error adding item: the previous item with id '{after}' does not exist."
            return self._mistake("invalid_value", message, asked.event_id, "previous_item_id")
        if isinstance(item, FunctionOutputItem) and not self._conversation.has_call(item.call_id):
            message = f"Error adding item: no function call has the id '{item.call_id}'."
            return self._mistake("invalid_tool_call_id", message, asked.event_id, "item.call_id")
        return self._entered(item, after)

    def _entered(self, item: Item, after: str | None) -> list[Output]:
        if not item.id:
            item = replace(item, id=self._ids("item"))
        if isinstance(item, FunctionCallItem) and not item.call_id:
            item = replace(item, call_id=self._ids("call"))
        out = whole_item(self._ids, item, self._conversation.insert(item, after))
        if isinstance(item, MessageItem) and item.role == "user":
            self._answering.calling.caller_spoke()
        if isinstance(item, FunctionOutputItem):
            # How far a client goes on its own line is its own affair.
            self._answering.calling.answered(item.call_id, counts=not self._setting.client_plays)
            if answers_of_itself(self.config) and not self._answering.calling.pending:
                self._answering.owe()
        return out

    def _retrieve(self, asked: RetrieveItem) -> list[Output]:
        item = self._conversation.get(asked.item_id)
        if item is None:
            message = f"Error retrieving item: the item with id '{asked.item_id}' does not exist."
            return self._mistake("item_retrieve_invalid_item_id", message, asked.event_id, "item_id")
        event = ItemRetrieved(event_id=self._ids("event"), item=item)
        spoken = self._conversation.spoken(item.id)
        audio = AgentAudio(*spoken) if spoken is not None else self._listening.awaiting.span(item.id)
        return [event if audio is None else ShowItem(event, audio)]

    def _truncate(self, asked: TruncateItem) -> list[Output]:
        cut_ms = self._conversation.cut(asked.item_id, asked.audio_end_ms)
        if cut_ms is None and not _by_agent(self._conversation.get(asked.item_id)):
            message = f"Error truncating item: no item with id '{asked.item_id}' is the agent's."
            return self._mistake("item_truncate_invalid_item_id", message, asked.event_id, "item_id")
        end_ms = asked.audio_end_ms if cut_ms is None else cut_ms
        return [ItemTruncated(event_id=self._ids("event"), item_id=asked.item_id, audio_end_ms=end_ms)]

    def _delete(self, asked: DeleteItem) -> list[Output]:
        if asked.item_id not in self._conversation:
            message = f"Error deleting item: the item with id '{asked.item_id}' does not exist."
            return self._mistake("item_delete_invalid_item_id", message, asked.event_id, "item_id")
        self._conversation.delete(asked.item_id)
        self._listening.awaiting.forget(asked.item_id)
        return [ItemDeleted(event_id=self._ids("event"), item_id=asked.item_id)]

    def _create_response(self, asked: CreateResponse) -> list[Output]:
        answering = self._answering
        if answering.listens_only:
            message = "A transcription session has no responses."
            return self._mistake("invalid_value", message, asked.event_id, "type")
        wish = voiced(asked.wish, answering.config, self._setting.naming)
        if isinstance(wish, Misnamed):
            return [self._error(wish.as_error("response", asked.event_id))]
        lacking = _lacking(self._conversation, wish)
        if lacking is not None:
            message = f"The item with id '{lacking}' does not exist."
            return self._mistake("invalid_value", message, asked.event_id, "response.input")
        terms = Terms(answering.config, wish)
        # On a call, whatever is spoken needs the floor.
        if wish.beside and not (terms.audio and not self._setting.client_plays):
            if answering.asides.full:
                message = "There are too many responses beside the conversation."
                return self._mistake("rate_limit_exceeded", message, asked.event_id)
            return answering.asides.open(terms, self._listening.now_ms)
        reply = answering.speaking.reply
        # A client may answer a function call, and ask for the response to it, before the call's own response is done.
        if answering.promised or not (reply is None or reply.calls):
            message = "Conversation already has an active response in progress."
            if reply is not None:
                message = f"{message} Wait until the response {reply.id} is finished before creating a new one."
            return self._mistake("conversation_already_has_active_response", message, asked.event_id)
        answering.owe(wish)
        return []

    def _cancel_response(self, asked: CancelResponse) -> list[Output]:
        reply, wanted = self._answering.speaking.reply, asked.response_id
        if wanted is not None and wanted in self._answering.asides:
            return self._answering.asides.cancel(wanted)
        if reply is None and wanted is None and self._answering.promised:
            return self._answering.open() + self._answering.refused()
        if reply is None or wanted not in (None, reply.id):
            return self._mistake("response_cancel_not_active", NOT_ACTIVE, asked.event_id)
        return self._answering.refused()

    def _update(self, asked: UpdateSession) -> list[Output]:
        kind = asked.session.get("type")
        if isinstance(kind, str) and kind != self.config.type:
            message = f"A {self.config.type} session stays one."
            return self._mistake("invalid_value", message, asked.event_id, "session.type")
        result = changed(self.config, asked.session)
        if isinstance(result, ErrorDetail):
            return [self._error(replace(result, event_id=asked.event_id))]
        named = self._setting.naming(result.config, self._answering.config)
        if isinstance(named, Misnamed):
            return [self._error(named.as_error("session", asked.event_id))]
        return self._configured(named.shown, named.meant, result.ignored)

    def _answer_function(self, asked: AnswerFunction) -> list[Output]:
        if not self._conversation.has_call(asked.call_id):
            return []
        goes_on = asked.goes_on
        out = self._configured(goes_on, goes_on, ()) if goes_on else []
        out += self._entered(FunctionOutputItem(id="", call_id=asked.call_id, output=asked.output), None)
        if not self._answering.calling.pending:
            self._answering.owe()
        return out

    def _configured(self, shown: SessionConfig, meant: SessionConfig, ignored: tuple[str, ...]) -> list[Output]:
        self.config = shown
        effective = self._answering.config = honoured(meant)
        session = as_object(self.config, self.session_id, self._setting.expires_at)
        return [
            SessionUpdated(event_id=self._ids("event"), session=session),
            *self._listening.configure(effective),
            Configured(effective, ignored),
        ]

    def _mistake(self, code: str, message: str, event_id: str | None, param: str | None = None) -> list[Output]:
        return [self._error(mistake(code, message, param=param, event_id=event_id))]

    def _error(self, error: ErrorDetail) -> ErrorEvent:
        return ErrorEvent(event_id=self._ids("event"), error=error)


def _by_agent(item: Item | None) -> bool:
    return isinstance(item, MessageItem) and item.role == "assistant"


def _lacking(conversation: Conversation, wish: ResponseWish) -> str | None:
    """The item that a wish refers to and nobody knows."""
    references = (item.id for item in wish.input or () if isinstance(item, ItemReference))
    return next((item_id for item_id in references if item_id not in conversation), None)
