"""Where flows lead out of themselves is checked against the agents and routes that are there."""

import pytest

from telephony.dialplan import Dialplan, DialplanError, parse

MENU = """
[agents.menu]
model = "scripted/menu"
[agents.expert]
model = "ollama/m"
[flows.menu]
greeting = "Hello."
start = "main"
otherwise = ["Sorry?"]
[flows.menu.states.main]
when = [{ digits = "1", goto = ["WAY", "hang_up"] }]
[flows.menu.states.attic]
ask = "Up here."
when = [{ digits = "1", goto = "hang_up" }]
"""
ROUTE = '[[route]]\ndid = "1"\nagent = "menu"\nhand_over = ["menu/attic"]\n'


def a_dialplan(way: str, route: str = "", menu: str = MENU) -> Dialplan:
    return parse(ROUTE + route + menu.replace("WAY", way), "plan.toml")


def faults_of(way: str, route: str = "", menu: str = MENU) -> list[str]:
    try:
        a_dialplan(way, route, menu)
    except DialplanError as error:
        return [f"{fault.path}: {fault.problem}" for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("way", "route", "problem"),
    [
        ("agent:expert", "", ""),
        ("agent:exprt", "", "there is no agent 'exprt'"),
        ("agent:expert/main", "", "agent 'expert' has no state 'main'"),
        ("agent:menu/cellar", "", "agent 'menu' has no state 'cellar'"),
        ("transfer:queue", "", "route[1] has no transfer target 'queue'"),
        (
            "transfer:queue",
            'allow = ["hang_up", "transfer"]\ntransfer_targets = { queue = "sip:q@127.0.0.1" }\n',
            "",
        ),
        ("voicemail", "", "route[1] takes no messages"),
        ("voicemail", "voicemail_s = 60\n", ""),
    ],
)
def test_a_way_out_that_is_not_there_is_a_fault(way: str, route: str, problem: str) -> None:
    assert faults_of(way, route) == ([f"flows.menu.states.main.when[1].goto[1]: {problem}"] if problem else [])


def test_an_agent_that_may_not_hang_up_has_a_flow_that_does_not() -> None:
    told = [fault.partition(": ")[2] for fault in faults_of("agent:expert", "allow = []\n")]

    assert told == ["route[1] does not let it hang up"] * 2


def test_a_route_hands_over_only_to_agents_that_are_there() -> None:
    assert faults_of("agent:expert", menu=MENU.replace("attic", "cellar")) == [
        "route[1].hand_over[1]: agent 'menu' has no state 'attic'",
        "flows.menu.states.cellar: no call can come to this state",
    ]


def test_a_flow_that_minds_silence_needs_an_agent_that_notices_it() -> None:
    minding = MENU.replace('otherwise = ["Sorry?"]', 'otherwise = ["Sorry?"]\nunheard = ["Hello?"]')
    noticing = minding.replace(
        'model = "scripted/menu"',
        'model = "scripted/menu"\naudio.input.turn_detection = { type = "server_vad", idle_timeout_ms = 6000 }',
    )

    assert (faults_of("agent:expert", menu=minding), faults_of("agent:expert", menu=noticing)) == (
        ["agents.menu.audio.input.turn_detection: its flow minds silence, and nothing says how long that is"],
        [],
    )


def test_whoever_may_take_the_caller_over_is_known_beforehand() -> None:
    dialplan = a_dialplan("agent:expert")

    assert dialplan.menus.others(dialplan.routes[0]) == {"expert", "menu/attic"}
