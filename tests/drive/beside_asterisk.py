"""The service beside Asterisk as the README has them, and telephones. Rule: the committed files are what runs."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from telephony import settings
from telephony.settings import ControlSettings, Secret, Settings, Trunk
from telephony.sip.trunk import Registered
from tests.drive.line_out import likeness, says
from tests.drive.offhook import House, a_house
from tests.drive.patience import until
from tests.drive.pbx import CONFIGURATION, Pbx, a_pbx

HEARD_WITHIN_S = 20.0
GREETING = "Hello, this is the front desk."
HOURS = "We open at nine in the morning."
ADDRESS = "Our address is forty Mill Lane."
DIRECT = "sip:1000@127.0.0.1:5070"


class Ear(Protocol):
    """A telephone that records what it hears."""

    number: str

    def heard(self) -> bytes:
        """PCM16 at 8 kHz, of the newest call so far."""
        ...


@dataclass
class Town:
    """Asterisk, and the service that is registered to it."""

    pbx: Pbx
    house: House


def as_in_the_readme(**changes: object) -> Settings:
    """The service's settings beside Asterisk."""
    whole = settings.read(CONFIGURATION / "offhook.toml", {})
    providers = replace(whole.providers, recogniser_processes=1)
    own: dict[str, object] = {"control": ControlSettings(port=0), "providers": providers}
    changed: Settings = replace(whole, **(own | changes))  # type: ignore[arg-type]
    return changed


def a_line(name: str, registrar: str = "sip:127.0.0.1:5060", **kind: object) -> Trunk:
    """The service's side of one of the lines in tests/interop/asterisk: its 1000 is dialled as by and the name."""
    username, password = name, Secret(f"change-{name}")
    return Trunk(name=name, registrar=registrar, username=username, password=password, dial=("2",), **kind)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def a_town(folder: Path, chosen: Settings | None = None, lines: tuple[Trunk, ...] = ()) -> AsyncIterator[Town]:
    """Both run, and 1000 is the agent; the service registers by these lines too."""
    chosen = chosen or as_in_the_readme()
    async with a_pbx(folder) as pbx:
        sip = replace(chosen.sip, tls_authorities=pbx.certificate)
        async with a_house(replace(chosen, trunks=(*chosen.trunks, *lines), sip=sip)) as house:
            for trunk in house.service.endpoint.trunks.values():
                await trunk.until(Registered)
            yield Town(pbx, house)


async def hears(phone: Ear, text: str, voice: str = "slt", patience_s: float = HEARD_WITHIN_S) -> None:
    """Wait until this sentence is in what the telephone recorded."""

    def so_far() -> str:
        heard = phone.heard()
        found = likeness(text, heard, voice)
        return f"{phone.number} did not hear {text!r} ({found:.2f} like it in {len(heard) // 16} ms)"

    await until(lambda: says(text, phone.heard(), voice), so_far, patience_s)
