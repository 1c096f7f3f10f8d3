"""A dialplan says who answers which call, and names everything wrong with it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.manners import Manners
from pipeline.realtime.config import ServerVad
from telephony.conditions import Arrival
from telephony.dialplan import HOLD_WORDS, Dialplan, DialplanError, Draft, parse
from telephony.toml_text import Broken

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FLOW = """
[flows.reception]
greeting = "Good day, front desk."
start = "open"
otherwise = ["Sorry?"]
[flows.reception.states.open]
ask = "How can I help?"
"""

RECEPTION = """
[agents.reception]
model = "scripted/reception"
instructions = "Be brief."
audio.input.turn_detection = { type = "server_vad", silence_duration_ms = 300 }
audio.output.voice = "slt"
"""


def a_dialplan(routes: str) -> Dialplan:
    return parse(routes + RECEPTION + FLOW, "office.toml")


def faults_of(text: str) -> list[str]:
    with pytest.raises(DialplanError) as error:
        parse(text, "office.toml")
    return [str(fault).removeprefix("office.toml:") for fault in error.value.faults]


def faults_of_agent(lines: str) -> list[str]:
    return [fault.partition(": agents.a.")[2] for fault in faults_of("[agents.a]\n" + lines)]


ROUTES = """
[[route]]
did = "+49 30 23125-000"
agent = "reception"
allow = ["hang_up", "transfer"]
transfer_targets = { desk = "sip:200@pbx.example.com" }
[[route]]
did = "+4930*"
caller = "+44*"
agent = "reception"
greet = false
[[route]]
did = "+4930*"
reject = 603
[[route]]
did = "front-desk"
agent = "reception"
max_call_s = 60
record = true
"""


@pytest.mark.parametrize(
    ("did", "caller", "taken_by"),
    [
        ("+493023125000", "anonymous", 0),
        ("tel:+49-30-23125-000", "+442079460123", 0),
        ("sip:%2B493023125001@pbx.example.com", "+44 20 7946 0123", 1),
        ("+493023125001", "+493023125999", 2),
        ("front-desk", "", 3),
        ("front-desk-2", "", None),
        ("1000", "+442079460123", None),
    ],
)
def test_the_first_route_that_matches_takes_the_call(did: str, caller: str, taken_by: int | None) -> None:
    dialplan = a_dialplan(ROUTES)

    assert dialplan.match(Arrival(did=did, caller=caller, at=NOON)) == (
        None if taken_by is None else dialplan.routes[taken_by]
    )


def test_a_dialplan_holds_every_pattern_in_the_spelling_that_numbers_are_compared_in() -> None:
    assert [(route.did, route.caller) for route in a_dialplan(ROUTES).routes[:2]] == [
        ("+493023125000", "*"),
        ("+4930*", "+44*"),
    ]


def test_what_else_is_known_of_a_dialplan_is_told_with_its_line() -> None:
    def all_lines_are_taken(draft: Draft) -> Iterator[Broken]:
        for index, route in draft.routes.items():
            yield ("route", index, "did"), f"{route.did} is somebody else's", ""

    with pytest.raises(DialplanError) as error:
        parse('[[route]]\ndid = "10 00"\nreject = 603', "office.toml", all_lines_are_taken)

    assert str(error.value) == "office.toml:2: route[1].did: 10 00 is somebody else's"


def test_a_route_says_what_its_agent_may_do() -> None:
    first, second, third, fourth = a_dialplan(ROUTES).routes

    assert (first.allow, first.transfer_targets, second.allow, second.greet, third.reject, fourth.max_call_s) == (
        ("hang_up", "transfer"),
        {"desk": "sip:200@pbx.example.com"},
        ("hang_up",),
        False,
        603,
        60,
    )


def test_an_agent_is_a_session_and_its_script_a_flow() -> None:
    dialplan = a_dialplan("")

    agent = dialplan.agents["reception"]
    assert (agent.audio.input.turn_detection, agent.audio.output.voice, dialplan.flows["reception"].greeting) == (
        ServerVad(silence_duration_ms=300),
        "slt",
        "Good day, front desk.",
    )


def test_every_fault_is_told_at_once_with_its_line() -> None:
    faults = faults_of(
        """\
[[route]]
did = "10*0"
agent = "recption"
[[route]]
did = ""
agnt = "reception"
[[route]]
did = "1000"
agent = "reception"
reject = 486
allow = ["hangup"]
[[route]]
did = "2000"
reject = 200
transfer_targets = { desk = "200" }
[[route]]
did = "3000"
agent = "reception"
allow = ["transfer"]
[agents.reception]
model = "scripted/recepton"
voice = "slt"
[agent.other]
[flows.reception]
greeting = "Hello."
start = "opn"
otherwise = ["Sorry?"]
[flows.reception.states.open]
ask = "How can I help?"
"""
    )

    assert faults == [
        '2: route[1].did: \'10*0\' is no pattern (a number or name, a prefix such as "+49*", or "*")',
        "3: route[1].agent: there is no agent 'recption' (did you mean 'reception'?)",
        "4: route[2].agent: is missing (name an agent, or reject = 603, or a webhook)",
        '5: route[2].did: \'\' is no pattern (a number or name, a prefix such as "+49*", or "*")',
        "6: route[2].agnt: unknown key 'agnt' (did you mean 'agent'?)",
        "10: route[3].reject: a route has one of agent, reject and webhook, not agent and reject",
        "11: route[3].allow[1]: invalid enum value 'hangup' (did you mean 'hang_up'?)",
        "14: route[4].reject: expected a whole number >= 400",
        '15: route[4].transfer_targets: transfer is not allowed (allow = ["hang_up", "transfer"])',
        "15: route[4].transfer_targets.desk: '200' is no address (sip:USER@HOST or tel:+NUMBER)",
        '19: route[5].allow: transfer is allowed, but there is nowhere to (transfer_targets = { desk = "tel:+..." })',
        "21: agents.reception.model: there is no flow 'recepton' (did you mean 'reception'?)",
        "22: agents.reception.voice: unknown key 'voice' "
        "(known here: audio, include, instructions, max_output_tokens, model, output_modalities, parallel_tool_calls, "
        "prompt, providerData, reasoning, temperature, tool_choice, tools, tracing, truncation, type)",
        "23: agent: unknown key 'agent' (did you mean 'agents'?)",
        "26: flows.reception.start: there is no state 'opn'",
        "28: flows.reception.states.open: no call can come to this state",
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "shadowed"),
    [
        ('did = "*"', 'did = "1000"', True),
        ('did = "+49*"', 'did = "+4930*"', True),
        ('did = "+49 30"', 'did = "+4930"', True),
        ('did = "+4930*"', 'did = "+49*"', False),
        ('did = "1000"', 'did = "1000*"', False),
        ('did = "*"\ncaller = "+49*"', 'did = "1000"', False),
        ('did = "*"\ncaller = "+49*"', 'did = "1000"\ncaller = "+4930*"', True),
    ],
)
def test_a_route_behind_one_that_takes_all_its_calls_is_a_fault(earlier: str, later: str, shadowed: bool) -> None:
    try:
        a_dialplan(f"[[route]]\n{earlier}\nreject = 486\n[[route]]\n{later}\nreject = 486\n")
        faults: list[str] = []
    except DialplanError as error:
        faults = [f"{fault.path} {fault.problem}" for fault in error.faults]

    assert faults == (["route[2] can never match: route[1] takes all its calls"] if shadowed else [])


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("audio.output.speed = 1.6", "audio.output.speed: 1.6 is out of range (0.25 to 1.5)"),
        (
            'audio.input.turn_detection = { type = "server_vad", threshold = 1.5 }',
            "audio.input.turn_detection.threshold: 1.5 is out of range (0 to 1)",
        ),
        (
            'audio.input.turn_detection = { type = "server_vad", silence_duration_ms = -1 }',
            "audio.input.turn_detection.silence_duration_ms: -1 ms is less than nothing (0 or more)",
        ),
        (
            'audio.input.turn_detection = { type = "server_vad", idle_timeout_ms = 1 }',
            "audio.input.turn_detection.idle_timeout_ms: 1 is out of range (5000 to 30000)",
        ),
        ("max_output_tokens = 0", 'max_output_tokens: 0 is out of range (1 to 4096, or "inf")'),
        ("temperature = 2.5", "temperature: 2.5 is out of range (0 to 2)"),
        ('output_modalities = ["audio", "text"]', 'output_modalities: an agent has one way to answer (["audio"])'),
        (
            'audio.output.format = { type = "audio/pcmu", rate = 24000 }',
            "audio.output.format.rate: audio/pcmu has another rate (leave it out)",
        ),
        ('tools = [{ name = "a b" }]', "tools[1].name: 'a b' is no name (letters, digits, _ and -, at most 64)"),
        ('tools = [{ name = "a" }, { name = "a" }]', "tools[2].name: 'a' is already the name of a tool"),
        (
            'tool_choice = { name = "b" }\ntools = [{ name = "a" }]',
            "tool_choice.name: there is no tool 'b' (known here: a)",
        ),
    ],
)
def test_a_session_that_realtime_would_refuse_is_a_fault(lines: str, fault: str) -> None:
    assert faults_of_agent(lines) == [fault]


def test_a_flow_that_calls_a_tool_its_agent_lacks_is_a_fault() -> None:
    rule = '[[flows.reception.when]]\nsays = ["bye"]\ncall = { name = "hangup" }\n'

    assert faults_of(RECEPTION + FLOW + rule) == [
        "16: flows.reception.when[1].call.name: agent 'reception' has no tool 'hangup' (did you mean 'hang_up'?)"
    ]


def test_a_dialplan_that_is_not_toml_says_where() -> None:
    assert faults_of("[[route]]\ndid = \n") == ["2: not TOML: Invalid value"]


def test_an_application_may_decide_and_an_agent_stand_in_for_it() -> None:
    (route,) = a_dialplan(
        '[[route]]\ndid = "*"\nwebhook = "https://app.example.com/calls"\nfallback_agent = "reception"\n'
    ).routes

    assert (route.webhook, route.fallback_agent, route.decide_timeout_s) == (
        "https://app.example.com/calls",
        "reception",
        20,
    )


def test_an_agent_may_be_kept_elsewhere() -> None:
    (route,) = a_dialplan('[[route]]\ndid = "*"\nagent = "agent:night-desk"\n').routes

    assert route.agent == "agent:night-desk"


def test_what_makes_no_sense_with_a_webhook_is_named() -> None:
    faults = faults_of(
        """\
[[route]]
did = "1"
webhook = "app.example.com"
fallback_agent = "nobody"
[[route]]
did = "2"
reject = 603
fallback_reject = 480
[[route]]
did = "3"
webhook = "http://127.0.0.1/"
agent = "agent:one"
decide_timeout_s = 200
"""
    )

    assert faults == [
        "3: route[1].webhook: 'app.example.com' is no web address (https://HOST/PATH)",
        "4: route[1].fallback_agent: there is no agent 'nobody'",
        "8: route[2].fallback_reject: is for when a webhook brings no decision, and there is none",
        "11: route[3].webhook: a route has one of agent, reject and webhook, not agent and webhook",
        "13: route[3].decide_timeout_s: expected a whole number <= 170",
    ]


def test_a_route_says_what_is_left_when_no_provider_can_go_on() -> None:
    text = """[[route]]
did = "1"
agent = "agent:one"
hold = "Let me look that up."
hold_after_ms = 1200
hold_sound = true
ambience = "cafe.wav"
ambience_db = -35
last_words = "Please leave a message."
voicemail_s = 60
[[route]]
did = "2"
agent = "agent:one"
last_resort = "sip:desk@example.com"
"""
    dialplan = a_dialplan(text)
    message, desk = dialplan.routes

    assert (message.hold_after_ms, message.voicemail_s, desk.last_resort) == (1_200, 60, "sip:desk@example.com")
    assert (message.hold_sound, message.ambience, message.ambience_db, desk.ambience) == (True, "cafe.wav", -35, "")
    assert {"Let me look that up.", "Please leave a message.", HOLD_WORDS} < dialplan.phrases()


@pytest.mark.parametrize("words", ["   ", "off", "None"])
def test_nothing_to_say_is_an_empty_string_and_no_word_for_it(words: str) -> None:
    faults = faults_of(f'[[route]]\ndid = "1"\nagent = "agent:one"\nhold = "{words}"\nlast_words = "{words}"\n')

    problem = f'{words!r} is nothing to say to a caller ("" for nothing)'
    assert faults == [f"4: route[1].hold: {problem}", f"5: route[1].last_words: {problem}"]


def test_a_route_may_have_nothing_to_say() -> None:
    (route,) = a_dialplan('[[route]]\ndid = "1"\nagent = "reception"\nhold = ""\nlast_words = ""\n').routes

    assert (route.hold, route.last_words) == ("", "")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('hodl = ""', "hodl: unknown key 'hodl' (did you mean 'hold'?)"),
        ("hold = false", "hold: expected a string, got true or false"),
        ('hold_after_ms = "2 s"', "hold_after_ms: expected a whole number, got a string"),
        ("hold_after_ms = 100", "hold_after_ms: expected a whole number >= 300"),
        ('allow = "hang_up"', "allow: expected a list, got a string"),
        ('allow = ["hangup"]', "allow[1]: invalid enum value 'hangup' (did you mean 'hang_up'?)"),
        ('max_call_s = "long"', 'max_call_s: expected a whole number, got a string (or "off")'),
        ('record = "off"', "record: expected true or false, got a string"),
        ('keys = { terminator = "##" }', "keys.terminator: invalid enum value '##' (did you mean '#'?)"),
    ],
)
def test_a_wrong_value_of_a_route_is_told_in_words(line: str, fault: str) -> None:
    assert faults_of(f'[[route]]\ndid = "1"\nagent = "agent:one"\n{line}\n') == [f"4: route[1].{fault}"]


def test_a_last_resort_that_cannot_be_is_named() -> None:
    faults = faults_of(
        '[[route]]\ndid = "1"\nagent = "agent:one"\nlast_resort = "the desk"\nrecord = false\nvoicemail_s = 60\n'
    )

    assert faults == [
        "4: route[1].last_resort: 'the desk' is no address (sip:USER@HOST or tel:+NUMBER)",
        "6: route[1].voicemail_s: a message is a recording, and this route has none (leave out record = false)",
    ]


def test_a_route_says_how_its_agent_takes_it_when_the_caller_interrupts() -> None:
    text = """[[route]]
did = "1"
agent = "reception"
two_step = false
verdict_ms = 450
backchannels = ["aye aye"]
protect_greeting = true
speculation = 0.25
echo_guard = false
[[route]]
did = "2"
agent = "reception"
"""
    routes = a_dialplan(text).routes

    told, untold = Manners(False, 450, ("aye aye",), True, 0.25, echo_guard=False), Manners(speculation=0.0)
    assert [route.manners for route in routes] == [told, untold]


def test_manners_that_make_no_sense_are_faults() -> None:
    faults = faults_of("""[[route]]
did = "1"
agent = "agent:one"
greet = false
two_step = "no"
verdict_ms = 100
backchannels = ["aye", "!"]
protect_greeting = true
""")

    assert faults == [
        "5: route[1].two_step: expected true or false, got a string",
        "6: route[1].verdict_ms: expected a whole number >= 200",
        "7: route[1].backchannels[2]: '!' has no words (backchannels = [\"aye\"])",
        "8: route[1].protect_greeting: nothing is said first that could be interrupted (leave out greet = false)",
    ]


def test_whom_a_far_end_may_name_is_written_as_an_address_or_a_user() -> None:
    route = '[[route]]\ndid = "1"\nreject = 603\ntransfer = { follow = ["2*", "sip:2@pbx"] }\n'

    assert faults_of(route) == [
        "4: route[1].transfer.follow: 'sip:2@pbx' is nobody (USER or USER@HOST: follow = [\"2*\"])"
    ]
