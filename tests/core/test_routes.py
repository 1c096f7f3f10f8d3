"""Which route takes a call depends on who calls, how the call came, and the time there: and it can be told why."""

from datetime import datetime

import pytest

from telephony.conditions import Arrival
from telephony.dialplan import Dialplan, DialplanError, parse

OFFICE = """
time_zone = "Europe/Berlin"
[hours.office]
open = ["mon-fri 09:00-12:30 13:30-18:00", "sat 10:00-14:00"]
holidays = ["12-25", "2026-04-06"]
[hours.bar]
open = ["fri, sat 20:00-02:00"]
holidays = ["2026-05-02"]
time_zone = "America/New_York"
"""
CALL = {"did": "100", "caller": "+493023125001"}


def a_dialplan(*routes: str) -> Dialplan:
    tables = "".join(f'[[route]]\ndid = "*"\nreject = 486\n{route}\n' for route in routes)
    return parse(OFFICE + tables, "office.toml")


def a_call(at: str = "2026-05-04T10:00+02:00", **given: object) -> Arrival:
    return Arrival(**{**CALL, "at": datetime.fromisoformat(at), **given})  # type: ignore[arg-type]


def against(route: str, call: Arrival) -> str | None:
    ((_, reason),) = a_dialplan(route).tried(call)
    return reason


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-05-04T08:59+02:00", False),
        ("2026-05-04T09:00+02:00", True),
        ("2026-05-04T12:30+02:00", False),
        ("2026-05-04T15:59+00:00", True),  # 17:59 in Berlin
        ("2026-05-04T16:00+00:00", False),
        ("2026-11-26T16:30+00:00", True),  # in winter an hour later
        ("2026-05-09T11:00+02:00", True),
        ("2026-05-10T11:00+02:00", False),
        ("2026-12-25T11:00+01:00", False),
        ("2026-04-06T11:00+02:00", False),
        ("2027-04-06T11:00+02:00", True),
    ],
)
def test_an_office_is_open_at_its_own_hours_and_closed_on_holidays(at: str, is_open: bool) -> None:
    call = a_call(at)

    assert (against('open = "office"', call) is None, against('closed = "office"', call) is None) == (
        is_open,
        not is_open,
    )


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-05-08T19:59-04:00", False),
        ("2026-05-08T23:30-04:00", True),
        ("2026-05-09T01:59-04:00", True),
        ("2026-05-09T02:00-04:00", False),
        ("2026-05-11T01:00-04:00", False),
        ("2026-05-02T01:00-04:00", True),  # of Friday, which was no holiday
        ("2026-05-02T21:00-04:00", False),
        ("2026-05-03T01:00-04:00", False),  # of Saturday, which was one
    ],
)
def test_an_evening_that_goes_on_past_midnight_belongs_to_the_day_before(at: str, is_open: bool) -> None:
    assert (against('open = "bar"', a_call(at)) is None) == is_open


@pytest.mark.parametrize(
    ("route", "call", "reason"),
    [
        ('caller = "+44*"', a_call(), "caller is not +44*"),
        ('trunk = "carrier"', a_call(), "trunk is none, not carrier"),
        ('trunk = "carrier"', a_call(trunk="office"), "trunk is office, not carrier"),
        ('trunk = "carrier"', a_call(trunk="carrier"), None),
        ('headers = { X-Tenant = "acme*" }', a_call(), "header X-Tenant is not acme*"),
        ('headers = { X-Tenant = "acme*" }', a_call(headers={"x-tenant": "acme-2"}), None),
        ('headers = { X-Tenant = "*" }', a_call(headers={"X-TENANT": ""}), None),
        ('weekdays = "tue-thu"', a_call(), "it is Monday, not tue-thu"),
        ('weekdays = "sat-mon"', a_call(), None),
        ('time = "11:00-12:00, 22:00-06:00"', a_call(), "it is 10:00, not 11:00-12:00, 22:00-06:00"),
        ('time = "11:00-12:00, 22:00-06:00"', a_call("2026-05-04T03:00+00:00"), None),
        ('holiday = "office"', a_call(), "it is no holiday of office"),
        ('holiday = "office"', a_call("2026-12-24T23:30+00:00"), None),
        ('closed = "office"', a_call(), "office is open"),
        ('open = "bar"', a_call(), "bar is closed"),
    ],
)
def test_a_route_that_passes_a_call_over_says_why(route: str, call: Arrival, reason: str | None) -> None:
    assert against(route, call) == reason


def test_of_several_conditions_the_first_that_fails_is_told_and_the_next_route_is_tried() -> None:
    dialplan = a_dialplan('trunk = "a"\nweekdays = "sun"', 'weekdays = "sun"', 'open = "office"', "")

    tried = [reason for _, reason in dialplan.tried(a_call())]

    assert (tried, dialplan.match(a_call())) == (
        ["trunk is none, not a", "it is Monday, not sun", None, None],
        dialplan.routes[2],
    )


def faults_of(text: str) -> list[str]:
    with pytest.raises(DialplanError) as error:
        parse(text, "office.toml")
    return [str(fault).removeprefix("office.toml:") for fault in error.value.faults]


def test_everything_that_no_clock_and_no_calendar_knows_is_told_with_its_line() -> None:
    faults = faults_of(
        """\
time_zone = "Mars/Olympus"
[hours.office]
open = ["mo-fri 09:00-17:00", "09:00-17:00", "mon 9-17", "sun 25:00-26:00"]
holidays = ["02-30", "Christmas"]
opn = []
[[route]]
did = "1"
reject = 486
weekdays = ""
time = "09:00-09:00"
open = "offices"
[[route]]
did = "2"
reject = 486
time = 9
headers = { X-Tenant = 1 }
"""
    )

    assert faults == [
        "1: time_zone: there is no time zone 'Mars/Olympus': \"Europe/Berlin\" is one",
        "3: hours.office.open[1]: 'mo-fri' is no weekday: mon, tue, wed, thu, fri, sat, sun, or \"mon-fri\"",
        "3: hours.office.open[2]: '09:00-17:00' names no day: \"mon-fri 09:00-17:00\"",
        "3: hours.office.open[3]: '9-17' is no weekday: mon, tue, wed, thu, fri, sat, sun, or \"mon-fri\"",
        "3: hours.office.open[4]: '25:00-26:00' is no stretch of the day: "
        '"09:00-17:30", or "22:00-06:00" past midnight',
        "4: hours.office.holidays[1]: '02-30' is in no calendar",
        '4: hours.office.holidays[2]: \'Christmas\' is no date: "12-25" for every year, or "2026-04-06"',
        "5: hours.office.opn: unknown key 'opn' (did you mean 'open'?)",
        "9: route[1].weekdays: is empty",
        '10: route[1].time: \'09:00-09:00\' is no stretch of the day: "09:00-17:30", or "22:00-06:00" past midnight',
        "11: route[1].open: there are no hours 'offices' (did you mean 'office'?)",
        "15: route[2].time: expected a string",
        "16: route[2].headers: expected a string, got a whole number",
    ]


def test_times_of_no_time_zone_are_nobodys() -> None:
    remedy = '(time_zone = "Europe/Berlin" at the top)'

    assert faults_of('[hours.a]\nopen = ["mon"]\n[[route]]\ndid = "1"\nreject = 486\ntime = "09:00-10:00"\n') == [
        f"1: hours.a.time_zone: is missing, here and in the dialplan {remedy}",
        f"6: route[1].time: is nobody's time: there is no time_zone {remedy}",
    ]


def test_a_time_zone_that_is_wrong_is_not_also_missing() -> None:
    assert faults_of('[hours.a]\nopen = ["mon"]\ntime_zone = "Mars"\n') == [
        "3: hours.a.time_zone: there is no time zone 'Mars': \"Europe/Berlin\" is one"
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "shadowed"),
    [
        ("", 'open = "office"', True),
        ('open = "office"', "", False),
        ('open = "office"', 'open = "office"\ntrunk = "a"', True),
        ('open = "office"', 'closed = "office"', False),
        ('weekdays = "mon-wed"', 'weekdays = "mon, tue, wed"', True),
        ('time = "09:00-12:00"', 'time = "09:00-13:00"', False),
    ],
)
def test_a_route_under_the_same_conditions_as_one_before_it_takes_no_call(
    earlier: str, later: str, shadowed: bool
) -> None:
    try:
        a_dialplan(earlier, later)
        faults: list[str] = []
    except DialplanError as error:
        faults = [fault.problem for fault in error.faults]

    assert faults == (["can never match: route[1] takes all its calls"] if shadowed else [])


def test_what_is_handed_over_to_a_target_are_fields_of_ours_and_not_too_many() -> None:
    route = '[[route]]\ndid = "1"\nreject = 486\ntransfer = { headers = %s }\n'

    assert [faults_of(route % names) for names in (["Via"], [f"X-{number}" for number in range(9)])] == [
        ["4: route[1].transfer.headers[1]: 'Via' is none that may be added (an X- field, or User-to-User)"],
        ["4: route[1].transfer.headers: are more than 8"],
    ]
