"""A menu takes keys and words, asks again so many times, and leads on: to a menu, an agent, a person, or the end."""

from typing import Any

import msgspec
import pytest

from pipeline.flow import Flow, act_of
from pipeline.flow_faults import faults
from pipeline.providers import FunctionCall, FunctionOutput, Message, Turn
from pipeline.providers.scripted import Script, Standing

HOTLINE: dict[str, Any] = {
    "greeting": "Welcome. For orders press one, for an account two.",
    "start": "main",
    "otherwise": ["Pardon?"],
    "when": [{"digits": "0", "keywords": ["person"], "goto": ["transfer:queue", "transfer:desk", "main"]}],
    "slots": {"account": {"digits": "4-6"}},
    "states": {
        "main": {
            "ask": "For orders press one, for an account two.",
            "otherwise": ["Sorry?", "Press one or two.", "I will put you through."],
            "unheard": ["Are you there?"],
            "retries": 2,
            "give_up": "transfer:queue",
            "timeout": "hang_up",
            "when": [
                {"digits": "1", "keywords": ["order"], "reply": "Orders.", "goto": "agent:orders"},
                {"digits": "2", "keywords": ["account"], "goto": "account"},
                {"digits": "9", "reply": "After the tone.", "goto": "voicemail"},
            ],
        },
        "account": {"needs": {"account": "Your account number, please."}, "then": "found"},
        "found": {"ask": "Account {account}. Anything else?", "when": [{"keywords": ["no"], "goto": "hang_up"}]},
    },
}


def hotline(**changes: Any) -> Flow:
    return msgspec.convert({**HOTLINE, **changes}, Flow)


def main_with(**changes: Any) -> dict[str, Any]:
    return {**HOTLINE["states"], "main": {**HOTLINE["states"]["main"], **changes}}


def pressed(keys: str) -> Message:
    return Message("user", f"[digits: {keys}]")


def said(text: str = "") -> Message:
    return Message("user", text)


def failed(name: str, to: str) -> tuple[Turn, Turn]:
    return FunctionCall("c", name, f'{{"target": "{to}"}}'), FunctionOutput("c", '{"error": "486"}')


def after(*turns: Turn, flow: Flow | None = None) -> Standing:
    return Script(flow or hotline()).standing((Message("assistant", "Welcome."), *turns))


@pytest.mark.parametrize("turn", [pressed("1"), said("I want to order")])
def test_a_key_and_a_word_lead_the_same_way(turn: Message) -> None:
    there = after(turn)

    assert (there.say, there.call) == ("Orders.", act_of("agent:orders"))


def test_of_two_ways_for_one_key_the_first_is_taken() -> None:
    twice = hotline(states=main_with(when=[{"digits": "1", "goto": "account"}, {"digits": "1", "goto": "hang_up"}]))

    assert after(pressed("1"), flow=twice).state == "account"


def test_a_caller_who_is_not_understood_is_asked_again_so_often_and_then_led_on() -> None:
    lost = [after(*[said("mumble")] * times) for times in (1, 2, 3)]

    assert [(each.say, each.call) for each in lost] == [
        ("Sorry? For orders press one, for an account two.", None),
        ("Press one or two. For orders press one, for an account two.", None),
        ("I will put you through.", act_of("transfer:queue")),
    ]


def test_a_silent_caller_is_led_elsewhere_than_one_who_is_not_understood() -> None:
    silent = [after(*[said()] * times) for times in (1, 2, 3)]

    assert [(each.say, each.call) for each in silent] == [
        ("Are you there? For orders press one, for an account two.", None),
        ("Are you there? For orders press one, for an account two.", None),
        ("", act_of("hang_up")),
    ]


def test_what_is_understood_in_between_begins_a_new_count() -> None:
    again = after(said("mumble"), said("mumble"), said("account"), said("1234"), said("mumble"))

    assert (again.say, again.call) == ("Pardon? Account 1 2 3 4. Anything else?", None)


def test_when_one_way_fails_the_next_is_tried() -> None:
    first = after(said("a person"))
    second = after(said("a person"), *failed("transfer", "queue"))
    third = after(said("a person"), *failed("transfer", "queue"), *failed("transfer", "desk"))

    assert (first.call, second.call, third.call, third.say) == (
        act_of("transfer:queue"),
        act_of("transfer:desk"),
        None,
        "For orders press one, for an account two.",
    )


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (pressed("4711"), "4711"),
        (pressed("123456"), "123456"),
        (said("it is four seven double one"), "4711"),
        (said("1 2 3 4 5"), "12345"),
        (pressed("471"), None),
        (pressed("1234567"), None),
        (said("four seven one"), None),
    ],
)
def test_several_digits_are_an_entry_when_they_are_as_many_as_it_takes(entry: Message, value: str | None) -> None:
    there = after(pressed("2"), entry)

    assert (there.state, there.slots.get("account")) == (("found", value) if value else ("account", None))


@pytest.mark.parametrize(
    ("goes", "value"),
    [
        ((pressed("471"), said("one two three")), "471123"),
        ((said("four seven one"), pressed("123")), "471123"),
        ((pressed("47"), pressed("11")), "4711"),
        ((said("four seven one"), Message("assistant", "Pardon?"), pressed("123456")), "123456"),
        ((said("four seven one"), said("no wait"), pressed("12")), None),
    ],
)
def test_an_entry_may_come_in_two_goes_between_which_the_agent_says_nothing(
    goes: tuple[Turn, ...], value: str | None
) -> None:
    assert after(pressed("2"), *goes).slots.get("account") == value


def test_the_key_that_leads_to_a_menu_is_no_part_of_what_is_entered_there() -> None:
    assert after(pressed("2"), pressed("4711")).slots == {"account": "4711"}


@pytest.mark.parametrize("words", ["vier sieben eins eins", "cuatro siete uno uno", "quatre sept un un"])
def test_digits_are_understood_in_other_languages_as_well(words: str) -> None:
    assert after(pressed("2"), said(words)).slots == {"account": "4711"}


def test_a_way_that_nobody_offers_is_not_taken() -> None:
    script = Script(hotline())
    left = script.refused(script.standing((pressed("9"),)))

    assert (left.say, left.call) == ("After the tone. For orders press one, for an account two.", None)


def test_a_way_on_from_what_was_gathered_is_taken_once_and_not_for_ever_when_it_fails() -> None:
    states = {**HOTLINE["states"], "account": {**HOTLINE["states"]["account"], "then": "transfer:desk"}}
    flow = hotline(states={name: state for name, state in states.items() if name != "found"})
    there = after(pressed("2"), pressed("1234"), flow=flow)
    back = after(pressed("2"), pressed("1234"), *failed("transfer", "desk"), flow=flow)

    assert (there.call, back.call, back.say) == (act_of("transfer:desk"), None, "Pardon?")
    assert Script(flow).refused(there).call is None


def handed(to: str, output: str = "{}") -> tuple[Turn, Turn]:
    return FunctionCall("h", "hand_over", f'{{"to": "{to}"}}'), FunctionOutput("h", output)


def test_an_agent_hands_the_caller_back_to_a_menu() -> None:
    back = after(pressed("1"), *handed("orders"), said("my account please"), *handed("hotline/account"))

    assert (back.state, back.say) == ("account", "Your account number, please.")


def test_a_menu_entered_anew_begins_with_what_it_asks_and_goes_on_from_there() -> None:
    entered = after(said("one of two hundred things"), *handed("hotline"))
    further = after(said("one of two hundred things"), *handed("hotline"), pressed("1"))

    assert (entered.say, further.call) == ("For orders press one, for an account two.", act_of("agent:orders"))


def test_a_hand_over_that_fails_leaves_the_caller_where_he_was() -> None:
    there = after(pressed("1"), *handed("orders", '{"error": "no such agent"}'))

    assert (there.state, there.say) == ("main", "For orders press one, for an account two.")


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({"states": main_with(give_up="queue")}, ("states", "main", "give_up"), "there is no state 'queue'"),
        (
            {"states": main_with(give_up=["transfer:queue", "dsk"])},
            ("states", "main", "give_up", 1),
            "there is no state 'dsk'",
        ),
        (
            {"states": main_with(retries=None)},
            ("states", "main", "give_up"),
            "never happens: retries says after how many",
        ),
        (
            {"states": main_with(give_up="", timeout="")},
            ("states", "main", "retries"),
            "and then? give_up says where to go",
        ),
        (
            {"states": main_with(when=[*HOTLINE["states"]["main"]["when"], {"digits": "2", "goto": "found"}])},
            ("states", "main", "when", 3, "digits"),
            "2 is never taken here: when[2] takes it",
        ),
        ({"slots": {"account": {"digits": "many"}}}, ("slots", "account", "digits"), 'how many digits: "6", or "4-8"'),
        (
            {"slots": {"account": {"digits": "4", "values": {"a": []}}}},
            ("slots", "account", "digits"),
            "a slot of digits has no other values, and no frames",
        ),
        (
            {"when": [], "states": {**HOTLINE["states"], "found": {"ask": "Account {account}. Done."}}},
            ("states", "found"),
            "there is no way out of this state: it leads to no end of the flow",
        ),
        (
            {"when": [{"digits": "7", "goto": "transfer:desk", "call": {"name": "look_up"}}]},
            ("when", 0, "goto"),
            "'transfer:desk' leads away before the call is answered: let the call's own goto do that",
        ),
    ],
)
def test_what_is_wrong_with_a_menu_is_told(changes: dict[str, Any], path: tuple[str | int, ...], problem: str) -> None:
    assert (faults(hotline()), dict(faults(hotline(**changes))).get(path)) == ([], problem)


def test_a_menu_that_only_others_lead_to_is_no_dead_end() -> None:
    attic = {**HOTLINE["states"], "attic": {"ask": "Up here.", "when": [{"digits": "1", "goto": "hang_up"}]}}

    alone, known = faults(hotline(states=attic)), faults(hotline(states=attic), entered=["attic"])

    assert (alone, known) == ([(("states", "attic"), "no call can come to this state")], [])
