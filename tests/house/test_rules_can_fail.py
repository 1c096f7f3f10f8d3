"""Each rule finds what it forbids, and leaves alone what it allows."""

import pytest

from tests.house import privacy, rules
from tests.house.source import source

LONG_FUNCTION = "def speak() -> None:\n" + "    pass\n" * 40
LONG_CLASS = "class Call:\n" + "    def ring(self) -> None: ...\n" * 200
LONG_FILE = "x = 1\n" * 401
# In pieces, or the rules would find them here.
REGISTRY = "https://" + "pypi" + ".org/simple"
HOME = "/" + "root/offhook"
PERSON = "someone" + "@" + "gmail.com"
NUMBER = "+49 30 " + "901820"
NATIONAL = "(212) " + "736-5000"

FORBIDDEN = [
    (rules.sizes, "telephony/call.py", LONG_FUNCTION, "speak has 41 lines"),
    (rules.sizes, "telephony/call.py", LONG_CLASS, "Call has 201 lines"),
    (rules.sizes, "telephony/call.py", LONG_FILE, "401 lines"),
    (rules.sizes, "telephony/media/ring_port.cpp", "//\n" * 401, "401 lines"),
    (rules.banned_words, "telephony/call_manager.py", "", "manager"),
    (rules.banned_words, "telephony/call.py", "class AudioProcessor: ...", "processor"),
    (rules.banned_words, "telephony/call.py", "def f(call_data: bytes) -> None: ...", "data"),
    (rules.banned_words, "telephony/call.py", "info = 1", "info"),
    (rules.banned_words, "telephony/call.py", "def handle(event: object) -> None: ...", "handle"),
    (rules.banned_words, "telephony/call.py", "import structlog as common", "common"),
    (rules.environment, "telephony/call.py", "import os\nkey = os.environ['KEY']", "os.environ"),
    (rules.environment, "pipeline/worker.py", "import os\nkey = os.getenv('KEY')", "os.getenv"),
    (rules.environment, "pipeline/worker.py", "from os import environ", "os.environ"),
    (rules.broad_except, "pipeline/worker.py", "try: ...\nexcept Exception: ...", "except Exception"),
    (rules.broad_except, "pipeline/worker.py", "try: ...\nexcept (ValueError, BaseException): ...", "BaseException"),
    (rules.broad_except, "pipeline/worker.py", "try: ...\nexcept: ...", "a bare except"),
    (rules.broad_except, "telephony/service.py", "with contextlib.suppress(Exception): ...", "suppress"),
    (rules.confinement, "telephony/service.py", "import pjsua2", "pjsua2 outside"),
    (rules.confinement, "telephony/call.py", "from redis.asyncio import Redis", "redis outside"),
    (rules.core_purity, "pipeline/turn.py", "import asyncio", "imports asyncio"),
    (rules.core_purity, "pipeline/session.py", "from time import monotonic", "imports time"),
    (rules.core_purity, "pipeline/realtime/events.py", "import os.path", "imports os"),
    (rules.core_purity, "telephony/state/record.py", "def f(): return datetime.now()", "calls now()"),
    (rules.core_purity, "telephony/dialplan.py", "text = open('dialplan.toml').read()", "calls open()"),
    (rules.core_purity, "pipeline/audio.py", "noise = np.random.normal()", "draws random numbers"),
    (rules.core_purity, "pipeline/providers/__init__.py", "import socket", "imports socket"),
    (rules.quiet_core_tests, "tests/core/test_turn.py", "import asyncio", "imports asyncio"),
    (rules.quiet_core_tests, "tests/core/test_turn.py", "from unittest import mock", "imports unittest"),
    (rules.no_mocks, "tests/shell/test_worker.py", "from unittest.mock import Mock", "imports unittest.mock"),
    (rules.layer_known, "telephony/stray.py", "", "stands in no layer"),
    (rules.layer_known, "telephony/__init__.py", "import redis", "stands in no layer"),
    (privacy.registries, "README.md", REGISTRY, "registry"),
    (privacy.machine_paths, "docker/setup", f"cd {HOME}", HOME[:5]),
    (privacy.addresses, "README.md", PERSON, PERSON),
    (privacy.phone_numbers, "README.md", f"Dial {NUMBER}.", NUMBER),
    (privacy.phone_numbers, "dialplans/office.toml", f'did = "{NATIONAL}"', NATIONAL),
]

ALLOWED = [
    (rules.sizes, "telephony/call.py", "def speak() -> None:\n" + "    pass\n" * 39),
    (rules.sizes, "tests/sip/test_call.py", LONG_FUNCTION),
    (rules.banned_words, "telephony/call.py", "log.info('barge_in')\ndatabase = information = 1"),
    (rules.banned_words, "telephony/wire/rtp.py", "def datagram_received(self, data: bytes) -> None: ..."),
    (rules.banned_words, "tests/sip/test_calls.py", "def test_no_common_codec() -> None: ..."),
    (rules.banned_words, "telephony/settings.py", "public_base_url: str"),
    (rules.banned_words, "pipeline/session.py", "def handle(self, signal: object) -> None: ..."),
    (rules.environment, "telephony/settings.py", "import os\nos.environ['KEY']"),
    (rules.broad_except, "telephony/call.py", "try: ...\nexcept Exception: ..."),
    (rules.broad_except, "pipeline/worker.py", "try: ...\nexcept (OSError, ValueError): ..."),
    (rules.broad_except, "pipeline/worker.py", "try: ...\nexcept BaseException:\n    tidy()\n    raise"),
    (rules.confinement, "telephony/sip/leg.py", "import pjsua2"),
    (rules.confinement, "telephony/state/store.py", "import redis.asyncio"),
    (rules.core_purity, "pipeline/worker.py", "import asyncio"),
    (rules.core_purity, "pipeline/providers/openai_chat.py", "import asyncio"),
    (rules.core_purity, "pipeline/turn.py", "from dataclasses import dataclass\nimport numpy as np"),
    (rules.quiet_core_tests, "tests/shell/test_worker.py", "import asyncio"),
    (rules.layer_known, "telephony/control/__init__.py", "import asyncio"),
    (rules.layer_known, "telephony/__init__.py", '"""The phone side."""'),
    (privacy.machine_paths, "docker/Dockerfile", "WORKDIR /opt/offhook"),
    (privacy.addresses, "README.md", "sip:1000@127.0.0.1:5060 and alice@example.com"),
    (privacy.phone_numbers, "README.md", "+1 212 555 0147, (212) 555-0147 and +49 30 23125 042"),
    (privacy.phone_numbers, "README.md", "8000 24000 0.5.3-12 2026-11-23 10.0.0.1"),
]


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), FORBIDDEN)
def test_a_broken_rule_is_found(rule: rules.Rule, path: str, text: str, complaint: str) -> None:
    found = [offence.what for offence in rule(source(path, text))]

    assert any(complaint in what for what in found), found


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED)
def test_what_is_allowed_is_left_alone(rule: rules.Rule, path: str, text: str) -> None:
    assert list(rule(source(path, text))) == []


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, *_ in FORBIDDEN} == {*rules.RULES, *privacy.RULES}
