"""A flow in several languages is one flow, written once, with the words of each."""

import pytest

from pipeline.providers import Message
from pipeline.providers.scripted import Script
from telephony.dialplan import Dialplan, DialplanError, parse

BOTH = """
[[route]]
did = "*"
agent = "english"
hand_over = ["german/main"]
[agents.english]
model = "scripted/menu"
[agents.german]
model = "scripted/menu/de"
audio.input.transcription.language = "de"
[flows.menu]
languages = ["en", "de"]
greeting = { en = "Hello.", de = "Guten Tag." }
start = "main"
otherwise = { en = ["Sorry?"], de = ["Wie bitte?"] }
[flows.menu.states.main]
ask = { en = "Bill or advice?", de = "Rechnung oder Beratung?" }
[[flows.menu.states.main.when]]
digits = "1"
keywords = { en = ["bill"], de = ["rechnung"] }
reply = { en = "The bill.", de = "Die Rechnung." }
"""


def a_dialplan(text: str = BOTH) -> Dialplan:
    return parse(text, "plan.toml")


@pytest.mark.parametrize(
    ("flow", "said", "answer"),
    [
        ("menu", "the bill", "The bill."),
        ("menu/en", "the bill", "The bill."),
        ("menu/de", "die Rechnung bitte", "Die Rechnung."),
        ("menu/de", "[digits: 1]", "Die Rechnung."),
        ("menu/de", "the bill", "Wie bitte? Rechnung oder Beratung?"),
    ],
)
def test_each_language_is_heard_and_spoken_for_itself(flow: str, said: str, answer: str) -> None:
    script = Script(a_dialplan().flows[flow])

    assert script.standing((Message("assistant", ""), Message("user", said))).say == answer


def test_a_recogniser_expects_the_words_of_its_own_language() -> None:
    flows = a_dialplan().flows

    assert (flows["menu"].phrases(), flows["menu/de"].phrases()) == (("bill",), ("rechnung",))


def test_what_is_missing_in_a_language_is_told_once_with_its_line() -> None:
    broken = BOTH.replace('{ en = "Hello.", de = "Guten Tag." }', '{ en = "Hello." }').replace(
        '"main"\notherw', '"man"\notherw'
    )

    with pytest.raises(DialplanError) as error:
        a_dialplan(broken)

    assert [str(fault) for fault in error.value.faults] == [
        "plan.toml:13: flows.menu.greeting: says nothing in 'de' (de = ...)",
        "plan.toml:14: flows.menu.start: there is no state 'man'",
    ]
