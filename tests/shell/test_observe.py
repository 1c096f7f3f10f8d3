"""Logs tell what happened and keep what people said to themselves."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from pipeline.observe import Counters, Pii, bound_call, set_up
from telephony.number import masked
from telephony.settings import LogSettings

NUMBER = "+493023125012"
WORDS = "my dog is called Rex"


@pytest.fixture(autouse=True)
def logs_are_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class BrokenError(Exception):
    """Its message quotes the caller, as messages do."""


def break_with_the_callers_words() -> None:
    try:
        raise ValueError(f"cannot parse {NUMBER}")
    except ValueError as error:
        raise ExceptionGroup("several", [BrokenError(WORDS)]) from error


async def log_a_call() -> None:
    log = structlog.get_logger()
    log.info("call_arrived", caller=Pii(NUMBER, masked(NUMBER)))
    log.info("heard", said=Pii(WORDS), items=[{"text": Pii(WORDS)}])
    log.info("careless", text=f"heard {Pii(WORDS)} from {Pii(NUMBER)}")
    log.error("odd", error=BrokenError(WORDS))
    logging.getLogger("openai").debug("request: %s", WORDS)
    logging.getLogger("some.library").warning("cannot reach %s\n%s", NUMBER, WORDS)
    try:
        break_with_the_callers_words()
    except ExceptionGroup:
        log.exception("call_failed")
        logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: %r", BrokenError(WORDS))


async def test_numbers_and_words_are_logged_only_when_asked_for() -> None:
    found = {}
    for redact in (True, False):
        stream = io.StringIO()
        set_up(LogSettings(format="json", level="debug", redact=redact), stream)
        await log_a_call()
        text = stream.getvalue()
        found[redact] = (NUMBER in text, WORDS in text, "Rex" in text)

    assert found == {True: (False, False, False), False: (True, True, True)}


MAKE_A_CLIENT = """
import asyncio, logging
from pipeline.providers import Access
from pipeline.providers.sdk import Timeouts
from pipeline.providers.sdk_server import {sdk}, SdkServer

asyncio.run(SdkServer({sdk}, Access("http://127.0.0.1:9/v1"), Timeouts()).client())
print(*logging.root.manager.loggerDict)
"""


@pytest.mark.parametrize("sdk", ["OPENAI", "ANTHROPIC"])
def test_every_logger_that_a_language_models_sdk_makes_is_kept_quiet(sdk: str) -> None:
    script = MAKE_A_CLIENT.format(sdk=sdk)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    made = set(ran.stdout.split()) - {"asyncio", "concurrent", "concurrent.futures"}
    set_up(LogSettings(format="json", level="debug"), io.StringIO())

    loud = {name for name in made if logging.getLogger(name).isEnabledFor(logging.INFO)}

    assert (loud, {sdk.lower(), "httpx2", "aiohttp"} <= {name.partition(".")[0] for name in made}) == (set(), True)


async def test_a_pretty_log_is_redacted_too() -> None:
    stream = io.StringIO()
    set_up(LogSettings(format="pretty"), stream)
    await log_a_call()

    text = stream.getvalue()
    assert ("call_arrived" in text, masked(NUMBER) in text, NUMBER in text, "Rex" in text) == (True, True, False, False)


async def test_a_redacted_fault_still_says_what_and_where() -> None:
    stream = io.StringIO()
    set_up(LogSettings(format="json"), stream)
    await log_a_call()

    (fault,) = [line["exception"] for line in lines_of(stream) if line["event"] == "call_failed"]
    assert [
        word in fault
        for word in ("break_with_the_callers_words", "ValueError", "which led to:", "ExceptionGroup", "BrokenError")
    ] == [True] * 5


async def test_each_call_logs_under_its_own_id() -> None:
    stream = io.StringIO()
    set_up(LogSettings(format="json"), stream)
    rang = asyncio.Event()

    async def a_call(call_id: str) -> None:
        with bound_call(call_id):
            structlog.get_logger().info("ringing")
            await rang.wait()
            logging.getLogger("library").info("answered")

    async with asyncio.TaskGroup() as calls:
        calls.create_task(a_call("rtc_1"))
        calls.create_task(a_call("rtc_2"))
        await asyncio.sleep(0)
        rang.set()
    structlog.get_logger().info("idle")

    assert [(line["event"], line.get("call_id")) for line in lines_of(stream)] == [
        ("ringing", "rtc_1"),
        ("ringing", "rtc_2"),
        ("answered", "rtc_1"),
        ("answered", "rtc_2"),
        ("idle", None),
    ]


def test_a_level_leaves_out_what_is_below_it() -> None:
    stream = io.StringIO()
    set_up(LogSettings(format="json", level="warning"), stream)

    structlog.get_logger().info("chatter")
    structlog.get_logger().warning("trunk_lost", trunk="carrier")

    (line,) = lines_of(stream)
    assert (line["event"], line["trunk"], line["level"]) == ("trunk_lost", "carrier", "warning")


def test_setting_up_again_moves_the_log() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up(LogSettings(format="json"), first)
    set_up(LogSettings(format="json"), second)

    structlog.get_logger().info("moved")

    assert (first.getvalue(), len(lines_of(second))) == ("", 1)


def test_warnings_of_libraries_are_logged() -> None:
    stream = io.StringIO()
    set_up(LogSettings(format="json"), stream)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old and going away", DeprecationWarning, stacklevel=1)

    assert "old and going away" in stream.getvalue()


def test_counters_count_by_name_and_label() -> None:
    counters = Counters()

    counters.count("calls")
    counters.count("calls_ended", by="caller", reason="hung_up")
    counters.count("calls_ended", by="caller", reason="hung_up")
    counters.count("packets_lost", 3)

    assert counters.snapshot() == {
        "calls": 1,
        'calls_ended{by="caller",reason="hung_up"}': 2,
        "packets_lost": 3,
    }
