"""What holds for every test: nothing leaves the machine, and Hypothesis tells the same story every time.

Rule: fixtures belong to the folder that needs them; but `live_key` opens the door that is shut here.
"""

import asyncio
import faulthandler
import functools
import inspect
import ipaddress
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest
from hypothesis import settings

settings.register_profile("offhook", deadline=None, derandomize=True, database=None)
settings.load_profile("offhook")

KEYS = {name: key for name, key in os.environ.items() if name.endswith("_API_KEY")}
away: set[str] = set()
TESTS = Path(__file__).parent
REAL_TIME = {"sip", "web", "interop"}
"""Here people talk and engines listen: a machine that has no processor to spare for a moment changes what is heard."""
Story = Callable[..., Awaitable[None]]

for name in [name for name in os.environ if name.startswith("OFFHOOK_") or name.endswith(("_API_KEY", "_BASE_URL"))]:
    del os.environ[name]


def is_on_this_machine(host: str) -> bool:
    """Loopback, or the unspecified address that means every own one."""
    if host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _stay_home(event: str, arguments: tuple[Any, ...]) -> None:
    if away or event not in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        return
    _, address = arguments
    if isinstance(address, tuple) and not is_on_this_machine(str(address[0])):
        raise PermissionError(f"a test tried to reach {address[0]}")


sys.addaudithook(_stay_home)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story told in real time is told once more when it fails, and the summary says so: RERUN."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _that_ends(item.obj, 0.9 * _limit_s(item))
        if item.path.relative_to(TESTS).parts[0] in REAL_TIME:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _limit_s(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0] if mark else item.config.getini("timeout"))


def _that_ends(story: Story, limit_s: float) -> Story:
    """What waits too long fails where it waits, and what it opened is closed; the plugin's limit does neither."""

    @functools.wraps(story)
    async def told(*fixtures: object, **named: object) -> None:
        async with asyncio.timeout(limit_s):
            await story(*fixtures, **named)

    return told


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that cannot even be stopped ends the run, so that whoever waits for it learns where it stands."""
    with os.fdopen(os.dup(2), "w") as errors:
        watch = threading.Timer(3 * _limit_s(item), _give_up, [item.nodeid, errors])
        watch.daemon = True
        watch.start()
        try:
            return (yield)
        finally:
            watch.cancel()


def _give_up(test: str, errors: TextIO) -> None:
    print(f"\n{test} does not end. Where its threads are:", file=errors, flush=True)
    faulthandler.dump_traceback(errors)
    os._exit(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was told once more failed for some reason: here it is."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first time: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
        terminalreporter.write_line(report.capstdout)


@pytest.fixture
def live_key(request: pytest.FixtureRequest) -> Iterator[str]:
    """The key that the test's mark `live` names, or no test; while it runs the vendor may be reached."""
    mark = request.node.get_closest_marker("live")
    name = mark.args[0] if mark else ""
    key = KEYS.get(name) or pytest.skip(f"{name} is not set")
    away.add(name)
    yield key
    away.remove(name)
