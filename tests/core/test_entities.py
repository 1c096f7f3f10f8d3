"""Somebody gives a number, spells a name or says an address, and stops on the way."""

import pytest

from pipeline.entities import NOT_YET, PERHAPS, THERE, Awaited, awaited, filled
from pipeline.entities.figures import runs, tokens
from pipeline.entities.question import pattern_length
from pipeline.realtime.config import FunctionTool

ORDER = FunctionTool(
    name="find_order",
    parameters={
        "type": "object",
        "properties": {
            "order_number": {"type": "string", "pattern": r"^\d{6}$"},
            "policy_reference": {"type": "string", "pattern": r"^[A-Z]{2}-?\d{4}$"},
            "callback": {"type": "string", "description": "Phone number to call back", "minLength": 9, "maxLength": 9},
            "mail": {"type": "string", "format": "email"},
        },
    },
)


@pytest.mark.parametrize(
    ("said", "language", "figures"),
    [
        ("four two double seven", "en", "4277"),
        ("triple five oh one", "en", "55501"),
        ("forty-two, thirteen", "en", "4213"),
        ("555-0142", "en", "5550142"),
        ("one thousand three hundred", "en", "1300"),
        ("two hundred and four", "en", "204"),
        ("two hundred four one", "en", "20041"),
        ("nineteen eighty-four", "en", "1984"),
        ("five five, um, and then zero one", "en", "5501"),
        ("zweiundvierzig zwo null", "de", "4220"),
        ("zwoundzwanzig", "de", "22"),
        ("neunzehnhundertvierundachtzig", "de", "1984"),
        ("hundertfünf", "de", "105"),
        ("mil novecientos ochenta y cuatro", "es", "1984"),
        ("doscientos quince", "es", "215"),
        ("quatre-vingt-dix-neuf zéro un", "fr", "9901"),
        ("mille neuf cent", "fr", "1900"),
    ],
)
def test_figures_are_understood_as_they_are_said(said: str, language: str, figures: str) -> None:
    assert [run.figures for run in runs(tokens(said, language), language)] == [figures]


@pytest.mark.parametrize(
    ("question", "language", "wanted"),
    [
        ("Sure. What is your order number?", "en", Awaited("digits", 6, 6)),
        ("And the policy reference, please?", "en", Awaited("code", 6, 6)),
        ("What number can we call you on?", "en", Awaited("phone", 9, 9)),
        ("Please give me your four-digit PIN. Take your time.", "en", Awaited("digits", 4, 4)),
        ("Could you read me the number on your card?", "en", Awaited("card", 16, 16)),
        ("What are the last four digits of the card number?", "en", Awaited("digits", 4, 4)),
        ("Could you spell your surname?", "en", Awaited("spelling")),
        ("What's your date of birth?", "en", Awaited("birth_date")),
        ("Which day suits you?", "en", Awaited("date")),
        ("Where should I send the e-mail?", "en", Awaited("email")),
        ("Wie lautet Ihre sechsstellige Kundennummer?", "de", Awaited("digits", 6, 6)),
        ("Unter welcher Nummer kann ich Sie erreichen?", "de", Awaited("phone", 8, 12)),
        ("¿Me deletrea su apellido?", "es", Awaited("spelling")),
        ("Quelle est votre adresse ?", "fr", Awaited("address")),
        ("What is your booking code? It has nine digits.", "en", Awaited("digits", 9, 9)),
        ("What time would you like to come?", "en", Awaited("time")),
        ("Für wie viele Personen?", "de", Awaited("count")),
        ("For your bill press one, for advice two.", "en", Awaited("count")),
        ("Please say the figures, one by one.", "en", None),
        ("Are you able to read me your e-mail address?", "en", Awaited("email")),
        ("Do you have an e-mail address?", "en", Awaited("email")),
        ("Darf ich Sie um Ihre Telefonnummer bitten?", "de", Awaited("phone", 8, 12)),
        ("How can I help you?", "en", None),
        ("Your order number is 4711. It leaves today.", "en", None),
        ("", "en", None),
    ],
)
def test_a_question_and_the_tools_tell_what_is_awaited(question: str, language: str, wanted: Awaited | None) -> None:
    tools = (ORDER,) if language == "en" else ()

    assert awaited(question, tools, language) == wanted


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Is your e-mail address still the same?", "en"),
        ("Okay, and shall I call you back on this number?", "en"),
        ("Would you like me to e-mail it to you?", "en"),
        ("Your phone number is 555 0142, is that right?", "en"),
        ("Soll ich Ihnen das mailen?", "de"),
        ("Ihre Adresse ist Seeweg 4, richtig?", "de"),
        ("¿Sigue siendo este su correo?", "es"),
        ("Est-ce que votre adresse est toujours la même ?", "fr"),
    ],
)
def test_who_is_asked_for_a_yes_or_a_no_is_not_waited_for(question: str, language: str) -> None:
    assert awaited(question, (ORDER,), language) is None


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        (r"^\d{6}$", (6, 6)),
        (r"^\d{4,6}$", (4, 6)),
        (r"[A-Z]{2}-?\d{6}", (8, 8)),
        (r"^[0-9]{4}[ -]?[0-9]{4}$", (8, 8)),
        (r"^AB\d?$", (2, 3)),
        (r"^\+?[1-9]\d{1,14}$", None),
        (r"^(a|b)$", None),
        (r"^\d+$", None),
        (r".{3}", None),
    ],
)
def test_a_pattern_tells_a_length_where_it_is_plain(pattern: str, length: tuple[int, int] | None) -> None:
    assert pattern_length(pattern) == length


@pytest.mark.parametrize(
    ("said", "wanted", "how_much"),
    [
        ("four four zero", Awaited("digits", 6, 6), NOT_YET),
        ("four four zero nine double", Awaited("digits", 6, 6), NOT_YET),
        ("four four zero nine one seven", Awaited("digits", 6, 6), THERE),
        ("It's 440917.", Awaited("digits", 6, 6), THERE),
        ("four four zero nine", Awaited("digits", 4, None), PERHAPS),
        ("one moment", Awaited("digits", 6, 6), None),
        ("I don't have it here", Awaited("digits", 6, 6), None),
        ("K T seven", Awaited("code", 6, 6), NOT_YET),
        ("K T seven seven oh one", Awaited("code", 6, 6), THERE),
        ("S as in", Awaited("spelling"), NOT_YET),
        ("S as in Sierra, M", Awaited("spelling"), PERHAPS),
        ("A double N A", Awaited("spelling", 4, 4), THERE),
        ("Kemp, K E M", Awaited("spelling"), NOT_YET),
        ("Kemp, K E M P", Awaited("spelling"), THERE),
        ("ann dot lee", Awaited("email"), NOT_YET),
        ("ann dot lee at example", Awaited("email"), NOT_YET),
        ("ann dot lee at example dot", Awaited("email"), NOT_YET),
        ("ann dot lee at example dot com", Awaited("email"), THERE),
        ("ann.lee@example.com", Awaited("email"), THERE),
        ("ann at example dot co", Awaited("email"), PERHAPS),
        ("yes please", Awaited("email"), None),
        ("why do you need that?", Awaited("email"), None),
        ("the twenty", Awaited("date"), NOT_YET),
        ("the twenty-first of", Awaited("date"), NOT_YET),
        ("the twenty-first of May", Awaited("date"), THERE),
        ("next Friday", Awaited("date"), THERE),
        ("any day will do", Awaited("date"), None),
        ("the first one you have", Awaited("date"), PERHAPS),
        ("the third of March", Awaited("birth_date"), NOT_YET),
        ("the third of March ninety-one", Awaited("birth_date"), THERE),
        ("03/03/1991", Awaited("birth_date"), THERE),
        ("oh three oh five eighty-four", Awaited("birth_date"), THERE),
        ("oh three oh five nineteen", Awaited("birth_date"), PERHAPS),
        ("oh three oh five twenty", Awaited("birth_date"), PERHAPS),
        ("121920", Awaited("birth_date"), PERHAPS),
        ("five five nineteen eighty-four", Awaited("birth_date"), THERE),
        ("03051984", Awaited("birth_date"), THERE),
        ("oh four twenty-seven", Awaited("date"), PERHAPS),
        ("seven", Awaited("time"), PERHAPS),
        ("seven thirty", Awaited("time"), THERE),
        ("half past seven", Awaited("time"), THERE),
        ("half past", Awaited("time"), None),
        ("two", Awaited("count"), THERE),
        ("twenty", Awaited("count"), PERHAPS),
        ("two and", Awaited("count"), None),
        ("four one", Awaited("count"), None),
        ("four one five", Awaited("count"), PERHAPS),
        ("three four zero zero " + "one " * 11, Awaited("card", 16, 16), THERE),
        ("four four zero zero " + "one " * 11, Awaited("card", 16, 16), NOT_YET),
        ("two hundred and", Awaited("amount"), NOT_YET),
        ("two hundred and fifty", Awaited("amount"), PERHAPS),
        ("two hundred and fifty pounds", Awaited("amount"), THERE),
        ("€250", Awaited("amount"), THERE),
        ("twelve", Awaited("address"), NOT_YET),
        ("Orchard Lane", Awaited("address"), NOT_YET),
        ("twelve Orchard Lane", Awaited("address"), THERE),
        ("yes", Awaited("address"), None),
        ("well we have only just moved and it is complicated", Awaited("address"), None),
    ],
)
def test_what_is_awaited_is_there_or_not_yet(said: str, wanted: Awaited, how_much: float | None) -> None:
    assert filled(said, wanted, "en") == how_much


@pytest.mark.parametrize(
    ("said", "how_much"),
    [
        ("am dritten", NOT_YET),
        ("dritter fünfter", NOT_YET),
        ("dritter fünfter achtzig", THERE),
        ("am dritten fünften neunzehnhundertachtzig", THERE),
    ],
)
def test_a_german_month_may_be_a_number(said: str, how_much: float) -> None:
    assert filled(said, Awaited("birth_date"), "de") == how_much


@pytest.mark.parametrize(
    ("said", "language", "how_much"),
    [
        ("my number is five five", "en", NOT_YET),
        ("five five five zero one", "en", PERHAPS),
        ("write to ann dot", "en", NOT_YET),
        ("escriba a ana arroba", "es", NOT_YET),
        ("J O N", "en", PERHAPS),
        ("J wie", "de", None),
        ("J O wie", "de", NOT_YET),
        ("I have a dog", "en", None),
        ("there will be four of us", "en", None),
        ("table for two", "en", None),
        ("y a mi hermano", "es", None),
    ],
)
def test_unasked_too_somebody_in_the_middle_of_figures_or_letters_gets_time(
    said: str, language: str, how_much: float | None
) -> None:
    assert filled(said, None, language) == how_much


def test_an_unknown_language_is_read_as_english() -> None:
    assert filled("four four", Awaited("digits", 6, 6), "it") == NOT_YET
