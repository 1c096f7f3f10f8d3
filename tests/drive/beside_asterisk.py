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
from tests.drive.linphone import VOICE, Linphone
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


def a_desk(folder: Path, *lines: str) -> Path:
    """The README's dialplan with these lines added to its route."""
    route, agent, rest = (CONFIGURATION / "desk.toml").read_text().partition("[agents.desk]")
    path = folder / "desk.toml"
    path.write_text("\n".join([route.rstrip(), *lines, "", agent + rest]))
    return path


async def hears(
    phone: Ear, text: str, voice: str = "slt", *, since: int = 0, patience_s: float = HEARD_WITHIN_S
) -> None:
    """Wait until this sentence is in what the telephone recorded, of which the first `since` bytes do not count."""

    def so_far() -> str:
        heard = phone.heard()[since:]
        found = likeness(text, heard, voice)
        return f"{phone.number} did not hear {text!r} ({found:.2f} like it in {len(heard) // 16} ms)"

    await until(lambda: says(text, phone.heard()[since:], voice), so_far, patience_s)


async def talk(caller: Linphone, callee: Linphone) -> None:
    """Each hears what the other says."""
    await _gets_across(caller, "I would like to buy an instrument", callee)
    await _gets_across(callee, "with great pleasure my friend", caller)


async def _gets_across(speaker: Linphone, text: str, listener: Linphone) -> None:
    """Said again to who has not heard it well, as people do: on a busy machine Linphone plays a file with gaps."""
    try:
        speaker.say(text)
        await hears(listener, text, VOICE, patience_s=HEARD_WITHIN_S / 2)
    except AssertionError:
        speaker.say(text)
        await hears(listener, text, VOICE)
