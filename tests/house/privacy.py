"""What no committed file may hold: package registries, places on one machine, people's addresses and numbers.

Rule: an example is a documented example; a number that could ring is nobody's to print.
"""

import re
from collections.abc import Iterator

from tests.house.source import Offence, Source

# In pieces, or this file would hold what it forbids.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("debian", "org"),
        ("archive", "ubuntu", "com"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("golang", "org"),
        ("anaconda", "org"),
        ("rubygems", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:work|root|home/\w+|opt/wheels|opt/pypi|tmp/team)\b(?!\.)")
ADDRESS = re.compile(r"[\w.+-]+@(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
EXAMPLE_HOST = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|net|org))?|invalid|test|localhost)|[\d.]+", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.+-])(?:\+\d[\d ().-]{6,}\d|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4})(?![\w-])")
# Numbers kept free for fiction: North America 555 01xx, and the drama numbers of Ofcom and Bundesnetzagentur. No
# country code begins with 0.
EXAMPLE_NUMBER = re.compile(
    r"1?(?:\d{3})?55501\d\d|44(?:2079460|7700900|1632960)\d{3}|49(?:3023125|6990009|4066969|8999998)\d{3}|0\d+"
)
NOT_PROSE = {"LICENSE", "docker/requirements.lock"}


def registries(file: Source) -> Iterator[Offence]:
    for line, text in _lines(file):
        for host in REGISTRIES:
            if re.search(rf"(?<![\w-]){re.escape(host)}\b", text):
                yield Offence(file.path, line, f"names the registry {host}")


def machine_paths(file: Source) -> Iterator[Offence]:
    for line, text in _lines(file):
        for found in MACHINE_PATH.finditer(text):
            yield Offence(file.path, line, f"names {found[0]}, a place on one machine")


def addresses(file: Source) -> Iterator[Offence]:
    for line, text in _lines(file):
        for found in ADDRESS.finditer(text):
            if not EXAMPLE_HOST.fullmatch(found["host"]):
                yield Offence(file.path, line, f"holds the address {found[0]}")


def phone_numbers(file: Source) -> Iterator[Offence]:
    if str(file.path) in NOT_PROSE:
        return
    for line, text in _lines(file):
        for found in PHONE.finditer(text):
            if not EXAMPLE_NUMBER.fullmatch(re.sub(r"\D", "", found[0])):
                yield Offence(file.path, line, f"holds {found[0]}, which could be somebody's number")


def _lines(file: Source) -> Iterator[tuple[int, str]]:
    return enumerate(file.text.splitlines(), start=1)


RULES = (registries, machine_paths, addresses, phone_numbers)
