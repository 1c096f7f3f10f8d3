"""A dialplan is drawn as it works: every route, every menu, every way on."""

from telephony.dialplan import parse
from telephony.flow_chart import mermaid

DIALPLAN = """
[[route]]
did = "1"
agent = "menu"
allow = ["hang_up", "transfer"]
transfer_targets = { queue = "sip:queue@127.0.0.1" }
hand_over = ["menu/main"]
voicemail_s = 60
[[route]]
did = "2"
webhook = "https://app.example/calls"
fallback_agent = "expert"
[[route]]
did = "*"
reject = 603
[agents.menu]
model = "scripted/menu"
[agents.expert]
model = "ollama/m"
[flows.menu]
greeting = "Hello."
start = "main"
otherwise = ["Sorry?"]
retries = 1
give_up = ["transfer:queue", "voicemail"]
when = [{ keywords = ["bye"], reply = "Bye.", call = { name = "hang_up" } }]
[flows.menu.states.main]
ask = "Press \\"one\\"."
when = [{ digits = "1", goto = "agent:expert" }, { digits = "2", keywords = ["more"], goto = "more" }]
[flows.menu.states.more]
ask = "More of it, and so much more that nobody would ever want to read all of it."
"""


def test_a_dialplan_is_drawn_with_every_way_on() -> None:
    assert list(mermaid(parse(DIALPLAN, "plan.toml"))) == [
        "flowchart LR",
        '  subgraph a__menu ["agent menu"]',
        '    a__menu__main["main: Press #quot;one#quot;."]',
        '    a__menu__more["more: More of it, and so much more that ..."]',
        "    a__menu___2a([at any time])",
        "  end",
        '  a__menu___2a -->|"bye"| hang_up_a__(["hang up"])',
        '  a__menu__main -->|"1"| a__expert',
        '  a__menu__main -->|"2 or more"| a__menu__more',
        '  a__menu__main -->|"not understood, silent"| transfer_a__queue(["transfer queue"])',
        '  a__menu__main -.->|"2. not understood, silent"| voicemail_a__(["voicemail"])',
        '  a__menu__more -->|"not understood, silent"| transfer_a__queue(["transfer queue"])',
        '  a__menu__more -.->|"2. not understood, silent"| voicemail_a__(["voicemail"])',
        '  a__expert["expert: ollama/m"]',
        '  route_1{{"1"}}',
        "  route_1 --> a__menu__main",
        "  a__expert -->|hands over| a__menu__main",
        '  route_2{{"2"}}',
        '  route_2 --> webhook_a__https_3a_2f_2fapp_2eexample_2fcalls(["webhook https://app.example/calls"])',
        "  route_2 -->|nobody decides| a__expert",
        '  route_3{{"*"}}',
        '  route_3 --> reject_a__603(["reject 603"])',
    ]
