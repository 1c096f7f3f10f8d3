"""A transfer in which something of ours breaks: real SIP and RTP, and a way to the target that fails as none should."""

import asyncio

from pipeline.audio import Speech
from pipeline.call_acts import TransferCall
from telephony.far_end import FarEnd
from telephony.hold_sound import hold_ambience
from telephony.leg import Answered, Fields, Leg, Referrals, TransferProgress
from telephony.transfer import Failed, Means, Transfers
from telephony.transfer_settings import TransferSettings
from telephony.wire.phone import Phone
from tests.drive.exchange import an_office
from tests.drive.tones import a_tone, loudest_hz

NARROW_HZ = 8_000
LATEST_PACKETS = 12
LATEST_BYTES = LATEST_PACKETS * 320
PATIENCE_S = 20


async def breaks(target: str, trunk: str | None, caller: str | None, fields: Fields) -> Leg:
    raise RuntimeError(f"a fault of ours on the way to {target}")


async def silent(summary: str) -> list[Speech]:
    return []


async def test_a_transfer_that_breaks_is_told_and_the_caller_hears_the_agent() -> None:
    joined: list[Leg] = []
    told: asyncio.Queue[Failed | None] = asyncio.Queue()
    async with asyncio.timeout(PATIENCE_S), an_office() as office, Phone(keep_audio=True) as phone:
        caller = await phone.call(office.uri())
        leg = (await office.arrivals.get()).leg
        means = Means(
            TransferSettings(how="bridge"),
            breaks,
            silent,
            hold_ambience(),
            lambda _: ("target", lambda _: None),
            Referrals(),
        )
        Transfers("call", leg, FarEnd(leg), means).begin(
            TransferCall("sip:staff@127.0.0.1"), told.put_nowait, joined.append
        )
        became = await told.get()
        leg.audio.play(a_tone(1_000, 30_000))
        await caller.until(
            lambda ear, _: (
                len(ear.payloads) > LATEST_PACKETS and loudest_hz(ear.pcm()[-LATEST_BYTES:], NARROW_HZ) == 1_000
            )
        )

    assert (became, joined) == (Failed(500, "internal_error"), [])


async def test_a_target_that_has_just_gone_is_told_at_once() -> None:
    async with asyncio.timeout(PATIENCE_S), an_office() as office, Phone() as phone, Phone(number="staff") as staff:
        await phone.call(office.uri())
        caller = await office.arrivals.get()
        target = await office.dials(staff.uri)
        at_staff = (await staff.rings()).answer()
        await asyncio.gather(caller.sees(Answered), target.sees(Answered))
        far_end = FarEnd(caller.leg)
        caller.leg.listen(lambda event: far_end.progressed(event) if isinstance(event, TransferProgress) else None)
        await at_staff.hang_up()
        await target.ends()
        sip_code, accepted = await far_end.refer_to(target.leg)

    assert (sip_code, accepted) == (488, False)
