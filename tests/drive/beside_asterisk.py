"""The service beside Asterisk as the README has them, and telephones. Rule: the committed files are what runs."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from telephony import settings
from telephony.settings import ControlSettings, Settings
from telephony.sip.trunk import Registered
from tests.drive.line_out import likeness, says
from tests.drive.linphone import Linphone
from tests.drive.offhook import House, a_house
from tests.drive.patience import until
from tests.drive.pbx import CONFIGURATION, Pbx, a_pbx

HEARD_WITHIN_S = 20.0
GREETING = "Hello, this is the front desk."
HOURS = "We open at nine in the morning."
ADDRESS = "Our address is forty Mill Lane."


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


@contextlib.asynccontextmanager
async def a_town(folder: Path, chosen: Settings | None = None) -> AsyncIterator[Town]:
    """Both run, and 1000 is the agent."""
    async with a_pbx(folder) as pbx, a_house(chosen or as_in_the_readme()) as house:
        await house.service.endpoint.trunks["asterisk"].until(Registered)
        yield Town(pbx, house)


async def hears(phone: Linphone, text: str, voice: str = "slt", patience_s: float = HEARD_WITHIN_S) -> None:
    """Wait until this sentence is in what the telephone recorded."""

    def so_far() -> str:
        heard = phone.heard()
        found = likeness(text, heard, voice)
        return f"{phone.number} did not hear {text!r} ({found:.2f} like it in {len(heard) // 16} ms)"

    await until(lambda: says(text, phone.heard(), voice), so_far, patience_s)
