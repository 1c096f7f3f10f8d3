"""A voice is given what a person would say, and what was heard is still told in the words that were written."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.ear_text import ear_text

ENGLISH = [
    # prices, numbers, percentages, measures
    ("Your total is $3.50.", "Your total is three dollars and fifty cents."),
    ("That's $1,234.56 all in.", "That's one thousand two hundred thirty-four dollars and fifty-six cents all in."),
    ("It is $5, €20, £1 or ¥300.", "It is five dollars, twenty euros, one pound or three hundred yen."),
    ("A refund of -$5, or 0.99€.", "A refund of minus five dollars, or ninety-nine cents."),
    ("They raised $1.5 million.", "They raised one point five million dollars."),
    ("It is $5/month or $3.50/kg.", "It is five dollars per month or three dollars and fifty cents per kilogram."),
    ("$5-$10, or 3.5%.", "five dollars to ten dollars, or three point five percent."),
    ("We have 1,000 seats in 12 rows.", "We have one thousand seats in twelve rows."),
    ("About 10-15 people, -5 degrees.", "About ten to fifteen people, minus five degrees."),
    ("Pi is 3.14159.", "Pi is three point one four one five nine."),
    (
        "1.000,50 EUR, or € 12.345,00.",
        "one thousand euros and fifty cents, or twelve thousand three hundred forty-five euros.",
    ),
    (
        "Version 1.200.300, or 10.0.0.1.",
        "Version one point two hundred point three hundred, or ten point zero point zero point one.",
    ),
    (
        "5 km at 60 km/h, 1 kg, 25°C.",
        "five kilometers at sixty kilometers per hour, one kilogram, twenty-five degrees Celsius.",
    ),
    (
        "~$20k–$25k, 2 x $5, 5¢.",
        "about twenty thousand dollars to twenty-five thousand dollars, two times five dollars, five cents.",
    ),
    (
        "1,200 sq ft for $2,500/mo.",
        "one thousand two hundred square feet for two thousand five hundred dollars per month.",
    ),
    ("A 2x4 board, 2 x 4.", "A two times four board, two times four."),
    ("Add 1/2 cup or 2½ cups.", "Add one half cup or two and a half cups."),
    ("The 21st of 1,000 is 3x as big.", "The twenty-first of one thousand is three times as big."),
    # times and dates
    ("We open at 7:30 am and close at 10 p.m.", "We open at seven thirty A.M. and close at ten P.M."),
    ("The 7.30 p.m. show is full.", "The seven thirty P.M. show is full."),
    ("At 7:05, 7:00 or 19:45.", "At seven oh five, seven o'clock or nineteen forty-five."),
    ("Open Mon. 9am-5pm.", "Open Monday nine A.M. to five P.M."),
    ("10:00 a.m.–6:00 p.m., or 9 AM - 5 PM.", "ten A.M. to six P.M., or nine A.M. to five P.M."),
    ("On May 3, 2026 at noon.", "On May third, twenty twenty-six at noon."),
    ("The 3rd of May, or 4 June 2025.", "The third of May, or the fourth of June twenty twenty-five."),
    (
        "Tue, Dec 1 at 9 a.m., Mon-Fri, and on Sat.",
        "Tuesday, December first at nine A.M., Monday to Friday, and on Saturday.",
    ),
    ("On 11/27 at 6pm.", "On November twenty-seventh at six P.M."),
    ("Open 9:00-17:00, or 9:30 - 12:15.", "Open nine o'clock to seventeen hundred, or nine thirty to twelve fifteen."),
    ("The 3rd-5th of May, 3-5 May.", "The third to fifth of May, the third to fifth of May."),
    ("May 3-5 works.", "May third to fifth works."),
    ("Due 2026-05-03 or 5/4/2026.", "Due May third, twenty twenty-six or May fourth, twenty twenty-six."),
    (
        "Since 1999, in 2005 and the 1990s.",
        "Since nineteen ninety-nine, in two thousand five and the nineteen nineties.",
    ),
    # addresses and codes
    (
        "Write to john.doe_99@example.com.",
        "Write to john dot doe underscore ninety-nine at example dot com.",
    ),
    ("See https://www.example.com/menu?x=1.", "See example dot com slash menu."),
    ("Visit example.co.uk today.", "Visit example dot co dot U K today."),
    (
        "Call +1 (555) 555-0134.",
        "Call plus one, five five five, five five five, zero one three four.",
    ),
    ("Or dial 555-0123.", "Or dial five five five, zero one two three."),
    ("The card ending 4242 or ends in 6789.", "The card ending four two four two or ends in six seven eight nine."),
    ("Call 911.", "Call nine one one."),
    ("Call 1-800-555-0199.", "Call one, eight zero zero, five five five, zero one nine nine."),
    ("On line 5 0800 123456.", "On line five zero eight zero zero, one two three, four five six."),
    ("At 17:00 020 7946 0958.", "At seventeen hundred zero two zero, seven nine four six, zero nine five eight."),
    ("Flight LH1234, gate B12, seat 12A.", "Flight L H one two three four, gate B twelve, seat twelve A."),
    ("Room 204, code 4711.", "Room two zero four, code four seven one one."),
    ("Your booking is XK7P2Q.", "Your booking is X K seven P two Q."),
    ("Your code is 483-920.", "Your code is four eight three, nine two zero."),
    ("Flight BA117 from T5.", "Flight B A one one seven from T five."),
    ("Order 12345, ZIP 90210.", "Order one two three, four five, ZIP nine zero two, one zero."),
    (
        "ISBN 978-3-16-148410-0, 979-10-90636-07-1.",
        "I S B N nine seven eight, three, one six, one four eight, four one zero, zero, "
        "nine seven nine, one zero, nine zero six, three six, zero seven, one.",
    ),
    ("ISBN-10: 0-306-40615-X.", "I S B N-ten: zero, three zero six, four zero six, one five, X."),
    # Roman numbers
    ("Henry VIII, Elizabeth II and Henry V.", "Henry the eighth, Elizabeth the second and Henry the fifth."),
    ("Chapter IV of World War II, and Part I.", "Chapter four of World War two, and Part one."),
    ("Henry VIII's wives.", "Henry the eighth's wives."),
    ("The Part I like is by Malcolm X.", "The Part I like is by Malcolm X."),
    # abbreviations, acronyms, signs
    (
        "Dr. Smith lives on Main St. near St. James, e.g. in No. 5, etc.",
        "Doctor Smith lives on Main Street near Saint James, for example in number five, et cetera.",
    ),
    ("Mr. and Mrs. Jones vs. Acme Inc.", "Mister and Missus Jones versus Acme Incorporated."),
    ("The PDF, the FAQs and the US office.", "The P D F, the F A Qs and the U S office."),
    ("NASA said OK. PLEASE CALL US NOW.", "NASA said OK. PLEASE CALL US NOW."),
    ("B&B, 24/7, he/she, snake_case.", "B and B, twenty-four seven, he or she, snake case."),
    ("C#, F# or C++? C #1.", "C sharp, F sharp or C plus plus? C number one."),
    ("3 * 4 = 12, A+ and #1.", "three times four equals twelve, A plus and number one."),
]
MARKUP = [
    ("**Great** news! 😀 *Really* __good__.", "Great news! Really good."),
    ("See [our **menu**](https://x.com/a_b) and `run it`.", "See our menu and run it."),
    ("Look at <https://example.com>.", "Look at example dot com."),
    ("![A dish](https://x.com/a.png)", "A dish"),
    ("## Today\n- Soup: $5\n- Salad\n", "Today.\nSoup: five dollars.\nSalad.\n"),
    ("1. Soup\n2. **Salad**", "one, Soup.\ntwo, Salad"),
    ("> Quoted [1] words【4:0†a】.", "Quoted words."),
    ("| Dish | Price |\n|---|---|\n| Soup | $3 |", "Dish, Price.\n\nSoup, three dollars."),
    ("| A | B |\n|:-|--:|\n| 1 | - |", "A, B.\n\none, -."),
    ("```python\nx\n```", "\nx.\n"),
    ("A <b>bold</b> claim ✅", "A bold claim"),
    ("Half **open", "Half open"),
    ("\\*not bold\\*", "not bold"),
    ("😀👍🏽", ""),
    ("***", ""),
]
GERMAN = [
    ("Das kostet 3,50 € oder 1 €.", "Das kostet drei Euro fünfzig oder ein Euro."),
    (
        "Also 1.234,56 €, 0,99 € oder 20 EUR.",
        "Also eintausendzweihundertvierunddreißig Euro sechsundfünfzig, neunundneunzig Cent oder zwanzig Euro.",
    ),
    ("Vom 3.-5. Mai, 3.–5. Mai.", "Vom dritten bis fünften Mai, dritter bis fünfter Mai."),
    ("Am 3.-5.10.1999.", "Am dritten bis fünften Oktober neunzehnhundertneunundneunzig."),
    (
        "Kapitel IV, Heinrich VIII. und Elisabeth II.",
        "Kapitel vier, Heinrich der achte und Elisabeth die zweite.",
    ),
    (
        "Von Papst Pius X., die Zeit Karls V., ohne Ludwig XIV. zu fragen.",
        "Von Papst Pius dem zehnten, die Zeit Karls des fünften, ohne Ludwig den vierzehnten zu fragen.",
    ),
    ("Wir öffnen um 7:30 Uhr.", "Wir öffnen um sieben Uhr dreißig."),
    ("Bis 19 Uhr, um 7.05 Uhr, um 1 Uhr.", "Bis neunzehn Uhr, um sieben Uhr fünf, um ein Uhr."),
    ("Am 3. Mai 2026.", "Am dritten Mai zweitausendsechsundzwanzig."),
    (
        "Der 3. Mai, vom 03.05.1999 bis 5. Juni.",
        "Der dritte Mai, vom dritten Mai neunzehnhundertneunundneunzig bis fünften Juni.",
    ),
    ("Am 24.12. um 18 Uhr.", "Am vierundzwanzigsten Dezember um achtzehn Uhr."),
    (
        "Die 90er, 1920er-Jahre, 3x täglich, 24/7.",
        "Die neunziger, neunzehnhundertzwanziger-Jahre, drei mal täglich, rund um die Uhr.",
    ),
    ("Im 3. Stock, der 2. Versuch.", "Im dritten Stock, der zweite Versuch."),
    ("In der 3. Etage sind es 3.", "In der dritten Etage sind es drei."),
    (
        "3,5 % bei 20 km/h, 21 kg, 1 h.",
        "drei Komma fünf Prozent bei zwanzig Kilometer pro Stunde, einundzwanzig Kilogramm, eine Stunde.",
    ),
    ("1 Tisch für 1 Person, 1 Million Euro.", "ein Tisch für eine Person, eine Million Euro."),
    ("2,5 Mio. € pro Jahr.", "zwei Komma fünf Millionen Euro pro Jahr."),
    ("1.000.000 oder 10 000 000.", "eine Million oder zehn Millionen."),
    (
        "5 Mrd. Euro inkl. MwSt. an 10.0.0.1.",
        "fünf Milliarden Euro inklusive Mehrwertsteuer an zehn Komma null Komma null Komma eins.",
    ),
    ("Von 9:00-17:00 und 9.30–12.00 Uhr.", "Von neun Uhr bis siebzehn Uhr und neun Uhr dreißig bis zwölf Uhr."),
    ("Z. B. Dr. Weber, ca. Nr. 5, Hauptstr. 12.", "Z. B. Doktor Weber, circa Nummer fünf, Hauptstraße zwölf."),
    ("Das ist z. B. heute, d. h. jetzt usw.", "Das ist zum Beispiel heute, das heißt jetzt und so weiter."),
    ("Mo.–Fr. 10–14 Uhr und am Sa.", "Montag bis Freitag zehn bis vierzehn Uhr und am Samstag."),
    ("Kundennummer 4711-08.", "Kundennummer vier sieben eins eins, null acht."),
    ("Die 1. und die 2. Etage.", "Die erste und die zweite Etage."),
    ("Rufen Sie 030 1234567 an.", "Rufen Sie null drei null, eins zwei drei, vier fünf sechs sieben an."),
    ("An info@example.org, **bitte**.", "An info at example Punkt org, bitte."),
    ("Auf www.beispiel.de/karte.", "Auf beispiel Punkt D E Schrägstrich karte."),
]
SPANISH = [
    ("Cuesta 3,50 €, 21 € o 1 €.", "Cuesta tres euros con cincuenta, veintiún euros o un euro."),
    ("Son $5 o £200.", "Son cinco dólares o doscientas libras."),
    ("A las 7:30 o a las 19:45 h.", "A las siete y media o a las diecinueve cuarenta y cinco."),
    (
        "A la 1:00, a las 8:15 p. m., a las 10 a.m.",
        "A la una, a las ocho y cuarto de la noche, a las diez de la mañana.",
    ),
    ("El 3 de mayo de 2026.", "El tres de mayo de dos mil veintiséis."),
    ("El 1 de mayo, o el 03/05/1999.", "El primero de mayo, o el tres de mayo de mil novecientos noventa y nueve."),
    ("El 3,5 %, o el 3,14 %.", "El tres coma cinco por ciento, o el tres coma catorce por ciento."),
    ("El 1.er piso, la 2.ª planta, el 3º.", "El primer piso, la segunda planta, el tercero."),
    ("El Sr. García y la Dra. López.", "El señor García y la doctora López."),
    ("En EE. UU., p. ej. en el n.º 5.", "En Estados Unidos, por ejemplo en el número cinco."),
    (
        "1 persona, 21 mesas, 31 días, 80 km/h.",
        "una persona, veintiuna mesas, treinta y un días, ochenta kilómetros por hora.",
    ),
    (
        "El siglo XXI, Isabel II y Alfonso XIII.",
        "El siglo veintiuno, Isabel segunda y Alfonso trece.",
    ),
    ("Abrimos de 9 a 14 h.", "Abrimos de nueve a catorce horas."),
    ("Llame al 912 345 678.", "Llame al nueve uno dos, tres cuatro cinco, seis siete ocho."),
    ("Son 2 millones €.", "Son dos millones de euros."),
    ("Son 1.000.000 € o 600 000 000 €.", "Son un millón de euros o seiscientos millones de euros."),
    (
        "De 9:00-17:00 en el 91 123 45 67.",
        "De nueve a diecisiete en el nueve uno, uno dos tres, cuatro cinco, seis siete.",
    ),
]
FRENCH = [
    (
        "Ça coûte 3,50 €, 21 € ou 0,99 €.",
        "Ça coûte trois euros cinquante, vingt-et-un euros ou quatre-vingt-dix-neuf centimes.",
    ),
    ("Soit 1 234,56 €.", "Soit mille deux cent trente-quatre euros cinquante-six."),
    ("À 19h30, 21 h, 7:05 ou 1h.", "À dix-neuf heures trente, vingt-et-une heures, sept heures cinq ou une heure."),
    (
        "Le 1er mai 2026, le 03/05/1999.",
        "Le premier mai deux mille vingt-six, le trois mai mille neuf cent quatre-vingt-dix-neuf.",
    ),
    ("La 1ère fois, au 2e étage.", "La première fois, au deuxième étage."),
    ("3,5 % pour 1 personne.", "trois virgule cinq pour cent pour une personne."),
    ("Mme Martin, n° 5, p. ex. 80 km/h.", "madame Martin, numéro cinq, par exemple quatre-vingts kilomètres heure."),
    ("Au 01 23 45 67 89.", "Au zéro un, vingt-trois, quarante-cinq, soixante-sept, quatre-vingt-neuf."),
    ("2 millions €, 3 millions $.", "deux millions d'euros, trois millions de dollars."),
    ("Louis XIV, chapitre IV.", "Louis quatorze, chapitre quatre."),
    ("Soit 1 000 000 €.", "Soit un million d'euros."),
    ("De 9:00-17:00 ou 9h-12h30.", "De neuf heures à dix-sept heures ou neuf heures à douze heures trente."),
]
SAID = [
    *(("en", *row) for row in (*ENGLISH, *MARKUP)),
    *(("de", *row) for row in GERMAN),
    *(("es", *row) for row in SPANISH),
    *(("fr", *row) for row in FRENCH),
    ("en-GB", "On 3/5/2026.", "On the third of May twenty twenty-six."),
    ("de-AT", "Um 8:15 Uhr.", "Um acht Uhr fünfzehn."),
    ("it", "**Ciao** 😀 costa 3,50 €\nDr. Rossi", "Ciao costa 3,50 €.\nDr. Rossi"),
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            (
                *(
                    "$3.50",
                    "7:30 pm",
                    "May 3, 2026",
                    "**",
                    "*a*",
                    "_",
                    "`x`",
                    "[a](b.com)",
                    "- ",
                    "\n",
                    "1. ",
                    "😀",
                    "#",
                ),
                *(
                    "Dr. ",
                    "e.g. ",
                    "PDF",
                    "a@example.com",
                    "https://x.io/a",
                    "+49 30 23125 123",
                    "3. Mai",
                    "19h30",
                    "Henry VIII",
                    "Kapitel IV",
                    "1.º",
                    "½",
                    "²",
                ),
                *(" ", " ", " und ", " the ", ",", ".", "-", "|", "€", "5 km/h", "٣", "1/2", "99999999999999999999"),
            )
        ),
        max_size=12,
    ).map("".join),
)
LANGUAGES = st.sampled_from(("en", "en-GB", "de", "es", "fr", "ja", ""))


@pytest.mark.parametrize(("language", "written", "said"), SAID)
def test_a_text_is_said_as_a_person_says_it(language: str, written: str, said: str) -> None:
    assert ear_text(written, language).said == said


@pytest.mark.parametrize(("language", "written", "said"), SAID)
def test_what_is_for_the_ear_already_stays(language: str, written: str, said: str) -> None:
    assert ear_text(said, language).said == said


@pytest.mark.parametrize(
    "text",
    [
        " How can I help you?",
        "“Certainly — at once,” she said… Isn't that nice?",
        "Well, one moment; I'll look: yes!",
        "Ich hätte gern einen Tisch für zwei – geht das?",
        "¿Cómo está usted? ¡Muy bien!",
        "À bientôt, l'été sera là.",
    ],
)
@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it", None])
def test_plain_text_is_left_alone(text: str, language: str | None) -> None:
    ear = ear_text(text, language)

    assert (ear.said, [ear.written(at) for at in range(len(text) + 1)]) == (text, list(range(len(text) + 1)))


def heard(written: str, said: str, language: str = "en") -> str:
    """The part of a text that is told when so much of it has been said."""
    ear = ear_text(written, language)
    assert ear.said.startswith(said)
    return written[: ear.written(len(said))]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", ""),
        ("Great", "**Great**"),
        ("Great news!", "**Great** news! 😀"),
        ("Great news! It", "**Great** news! 😀 It"),
        ("Great news! It costs three", "**Great** news! 😀 It costs "),
        ("Great news! It costs three dollars and fifty", "**Great** news! 😀 It costs "),
        ("Great news! It costs three dollars and fifty cents", "**Great** news! 😀 It costs $3.50"),
        ("Great news! It costs three dollars and fifty cents, see", "**Great** news! 😀 It costs $3.50, see"),
        ("Great news! It costs three dollars and fifty cents, see our", "**Great** news! 😀 It costs $3.50, see [our"),
        (
            "Great news! It costs three dollars and fifty cents, see our menu.",
            "**Great** news! 😀 It costs $3.50, see [our menu](https://x.com).",
        ),
    ],
)
def test_what_was_heard_is_told_in_the_words_that_were_written(said: str, told: str) -> None:
    assert heard("**Great** news! 😀 It costs $3.50, see [our menu](https://x.com).", said) == told


@pytest.mark.parametrize(("text", "speakable"), [("---", False), (" 😀\n", False), ("**Yes**", True), ("$5", True)])
def test_signs_alone_are_nothing_to_say(text: str, speakable: bool) -> None:
    assert ear_text(text).speakable is speakable


@settings(max_examples=300, deadline=None)
@given(TEXTS, LANGUAGES)
@example("0000000 3.Mai", "de")
def test_offsets_never_go_back_nor_leave_the_text(text: str, language: str) -> None:
    ear = ear_text(text, language)
    places = [ear.written(chars) for chars in range(len(ear.said) + 2)]

    assert all(a <= b for a, b in pairwise(places))
    assert places[0] >= 0
    assert places[-1] == ear.written(len(ear.said)) == len(text)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(("en", "de", "es", "fr")))
def test_no_figure_is_left_to_the_voice(text: str, language: str) -> None:
    spaced = ear_text(f" {text} ", language).said

    assert not any(word.isdecimal() for word in spaced.split())
