"""`offhook route` answers before anybody calls: who would take it, and why nobody did before."""

import io
from datetime import datetime
from pathlib import Path

import pytest

from telephony import route_asked, settings
from telephony.dialplan import DialplanError
from telephony.route_asked import Question

DIALPLAN = """\
time_zone = "Europe/Berlin"
[hours.office]
open = ["mon-fri 09:00-17:00"]
[[route]]
did = "+4930*"
trunk = "carrier"
agent = "reception"
[[route]]
did = "+4930*"
closed = "office"
reject = 480
[[route]]
did = "+4930*"
headers = { X-Tenant = "acme" }
agent = "reception"
[agents.reception]
model = "scripted/reception"
[flows.reception]
greeting = "Hello."
start = "open"
otherwise = ["Sorry?"]
[flows.reception.states.open]
ask = "How can I help?"
"""
TRUNK = '[[trunk]]\nname = "carrier"\nregistrar = "sip:carrier.example"\nusername = "u"\npassword = "p"\n'


def asked(folder: Path, question: Question, trunk: str = TRUNK) -> tuple[int, list[str]]:
    (folder / "plan.toml").write_text(DIALPLAN)
    path = folder / "offhook.toml"
    path.write_text('dialplan = "plan.toml"\n' + trunk)
    stream = io.StringIO()
    code = route_asked.run(settings.read(path, {}), question, stream)
    return code, stream.getvalue().replace(f"{folder}/", "").splitlines()


def a_call(at: str, **given: object) -> Question:
    return Question(did="+49 30 23125-000", at=datetime.fromisoformat(at), **given)  # type: ignore[arg-type]


def test_the_agent_that_would_answer_is_told_with_every_route_passed_over(tmp_path: Path) -> None:
    question = a_call("2026-05-04T10:00", caller="+441", headers={"x-tenant": "acme"})

    assert asked(tmp_path, question) == (
        0,
        [
            "a call to +49 30 23125-000 from +441 directly, Monday 2026-05-04 10:00 CEST",
            "plan.toml:4: route[1]: trunk is none, not carrier",
            "plan.toml:8: route[2]: office is open",
            "plan.toml:12: route[3]: takes it -> reception, may hang up",
        ],
    )


def test_a_time_with_its_own_offset_is_taken_at_its_word(tmp_path: Path) -> None:
    code, lines = asked(tmp_path, a_call("2026-05-04T15:00+00:00"))

    assert (code, lines[0], lines[-1]) == (
        0,
        "a call to +49 30 23125-000 from anonymous directly, Monday 2026-05-04 17:00 CEST",
        "plan.toml:8: route[2]: takes it -> rejected with 480",
    )


def test_a_call_that_nobody_would_answer_is_told_too(tmp_path: Path) -> None:
    code, lines = asked(tmp_path, a_call("2026-05-04T10:00"))

    assert (code, lines[-1]) == (1, "nobody answers: the call is refused with 404")


def test_a_route_by_a_trunk_that_the_settings_do_not_have_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DialplanError, match=r"plan.toml:6: route\[1\].trunk: there is no trunk 'carrier'"):
        asked(tmp_path, a_call("2026-05-04T10:00"), trunk="")
