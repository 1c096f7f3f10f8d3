"""Logs and counters of the process. Rule: what a person said, dialled or is called is logged as Pii, or not at all.

Pretty lines on a terminal, JSON elsewhere; the call's id is bound to everything its tasks log, and what libraries log
comes out the same way. With redaction on, exceptions show their types and places but not their messages, which may
quote the caller.
"""

import logging
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, Protocol, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN: Final = "[redacted]"
_OUTLET: Final = "offhook"
# A vendor's SDK, and what it stands on, writes whole requests at debug level: the caller's words.
TALKATIVE: Final = (
    *("openai", "anthropic", "opentelemetry", "deepgram"),
    *("httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "websockets"),
)
_LONG_NUMBER = re.compile(r"\+?\d[\d ().-]{5,}\d")


class Pii:
    """A person's number or words on their way into a log. `shown` is what a redacted log has of them."""

    __slots__ = ("_value", "shown")

    def __init__(self, value: str, shown: str = HIDDEN) -> None:
        self._value = value
        self.shown = shown

    def reveal(self) -> str:
        """The value itself; for logs that were asked to hold it."""
        return self._value

    def __repr__(self) -> str:
        """The redacted form, so that no f-string lets the value out."""
        return self.shown


class LogChoices(Protocol):
    """How a process logs: `auto` is pretty on a terminal and JSON elsewhere."""

    @property
    def format(self) -> Literal["auto", "pretty", "json"]:
        """The form of a line."""
        ...

    @property
    def level(self) -> str:
        """The least level that is logged, in lower case."""
        ...

    @property
    def redact(self) -> bool:
        """Whether people's numbers and words are hidden."""
        ...


class Counters:
    """What happened how often in this process: `count("calls_ended", by="caller")`. Reading it resets nothing."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._levels: dict[str, Callable[[], int]] = {}

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to one counter; labels part it, e.g. by reason."""
        self._counts[_labelled(name, labels)] += amount

    def snapshot(self) -> Mapping[str, int]:
        """All counters by name and labels, in order."""
        return dict(sorted(self._counts.items()))

    def watch(self, name: str, level: Callable[[], int], **labels: str) -> None:
        """How much of something there is at the moment can be asked there; labels part it."""
        self._levels[_labelled(name, labels)] = level

    def levels(self) -> Mapping[str, int]:
        """How much there is at the moment of all that is watched, by name, in order."""
        return {name: level() for name, level in sorted(self._levels.items())}


def _labelled(name: str, labels: Mapping[str, str]) -> str:
    parts = ",".join(f'{key}="{_quoted(value)}"' for key, value in sorted(labels.items()))
    return f"{name}{{{parts}}}" if parts else name


def _quoted(value: str) -> str:
    """A label's value as Prometheus' text format has it."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def bound_call(call_id: str) -> AbstractContextManager[None]:
    """Everything logged inside, and by tasks started inside, bears the call's id."""
    return bound_contextvars(call_id=call_id)


def set_up(chosen: LogChoices, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to this stream (default: stderr); may be called again."""
    stream = sys.stderr if stream is None else stream
    pretty = chosen.format == "pretty" or (chosen.format == "auto" and stream.isatty())
    before: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    final: list[Processor] = [
        _Redaction(chosen.redact),
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.dev.ConsoleRenderer(colors=stream.isatty()) if pretty else structlog.processors.JSONRenderer(),
    ]
    outlet = logging.StreamHandler(stream)
    outlet.set_name(_OUTLET)
    outlet.setFormatter(structlog.stdlib.ProcessorFormatter(processors=final, foreign_pre_chain=before))
    _install(outlet, chosen.level.upper(), redact=chosen.redact)


def _install(outlet: logging.Handler, level: str, *, redact: bool) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == _OUTLET]:
        root.removeHandler(old)
    root.addHandler(outlet)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for library in TALKATIVE:
        logging.getLogger(library).setLevel(logging.WARNING if redact else logging.NOTSET)


class _Redaction:
    """The last look at an event before it becomes text: Pii and exceptions, shown or hidden."""

    def __init__(self, redact: bool) -> None:
        self._redact = redact

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if self._redact and event.get("_from_structlog") is False:
            event["event"] = _LONG_NUMBER.sub(HIDDEN, str(event["event"]).partition("\n")[0])
        for key, value in event.items():
            event[key] = self._shown(value)
        fault = _fault_of(event.pop("exc_info", None))
        if fault is not None:
            event["exception"] = "\n".join(_told(fault, redact=self._redact))
        return event

    def _shown(self, value: Any) -> Any:
        match value:
            case Pii():
                return value.shown if self._redact else value.reveal()
            case list() | tuple():
                return [self._shown(item) for item in value]
            case dict():
                return {key: self._shown(item) for key, item in value.items()}
            case BaseException():
                return type(value).__name__ if self._redact else repr(value)
            case _:
                return value


def _fault_of(exc_info: Any) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as fault, _):
            return fault
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _told(fault: BaseException, *, redact: bool, depth: int = 0) -> Iterator[str]:
    """A traceback, causes first. Redacted, it has each exception's type and place but not its message."""
    cause = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if cause is not None and depth < 8:
        yield from _told(cause, redact=redact, depth=depth + 1)
        yield "which led to:"
    for part in traceback.format_tb(fault.__traceback__):
        yield part.rstrip("\n")
    name = type(fault).__qualname__
    yield f"{name}: {HIDDEN}" if redact else f"{name}: {fault}"
    if isinstance(fault, BaseExceptionGroup) and depth < 8:
        for number, inner in enumerate(fault.exceptions, start=1):
            yield f"--- {number} of {len(fault.exceptions)} in {name}:"
            yield from _told(inner, redact=redact, depth=depth + 1)
