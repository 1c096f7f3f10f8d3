"""A far end refers us to somebody else, or somebody takes its place, and the leg goes on: real SIP and RTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from telephony.leg import Answered, Ending, Moved, NotTaken, Referrals, Referred, Waiting
from telephony.settings import Trunk
from telephony.sip.exchange import Occupancy
from telephony.sip.leg import SipLeg
from telephony.wire.call import Call
from telephony.wire.dialling import RefusedError
from telephony.wire.message import value
from telephony.wire.phone import Phone
from telephony.wire.speech import speech_of
from tests.drive.exchange import LOOPBACK, Decision, Office, an_office
from tests.drive.party import Party
from tests.drive.raw_sip import RawCall, RawSip, sdp
from tests.drive.tones import a_tone, loudest_hz, samples_of

PATIENCE_S = 30
NARROW_HZ = 8_000
STAFF = Referrals(("staff@127.0.0.1",))


def follows(referrals: Referrals) -> Decision:
    def decide(leg: SipLeg) -> None:
        leg.follow(referrals)
        leg.answer()

    return decide


@dataclass
class Floor:
    """An endpoint, who calls it, and a third party."""

    office: Office
    caller: Phone
    staff: Phone
    calls: list[Call] = field(default_factory=list)

    async def call(self) -> tuple[Call, Party]:
        """An answered call to the endpoint: its two ends."""
        call = await self.caller.call(self.office.uri())
        self.calls.append(call)
        return call, await self.office.arrivals.get()

    async def takes_its_place(self, dialog: str) -> Call:
        """The third party calls, in the place of whom this dialog is with."""
        return await (await self.staff.dial(self.office.uri(), fields=(("Replaces", dialog),))).answered()

    async def is_free(self) -> None:
        """Nothing is left of any call."""
        while await self.office.endpoint.occupancy() != Occupancy(0, 0, 1):
            pass


@contextlib.asynccontextmanager
async def a_floor(
    referrals: Referrals = STAFF, trunks: tuple[Trunk, ...] = (), **limits: object
) -> AsyncIterator[Floor]:
    settings = replace(LOOPBACK, **limits)  # type: ignore[arg-type]
    async with (
        asyncio.timeout(2 * PATIENCE_S),
        an_office(settings, trunks, decide=follows(referrals)) as office,
        Phone(keep_audio=True) as caller,
        Phone(number="staff", keep_audio=True) as staff,
    ):
        yield Floor(office, caller, staff)


def latest(pcm: bytes, rate_hz: int, ms: int = 250) -> bytes:
    return pcm[-2 * rate_hz * ms // 1_000 :]


async def talk(call: Call, party: Party) -> None:
    """Each sends a tone of its own, and hears the other's."""
    call.say(speech_of(a_tone(440, 30_000, rate_hz=NARROW_HZ)))
    party.leg.audio.play(a_tone(1_000, 30_000))
    await party.until(lambda: pitch(bytes(party.heard[-12_000:]), 24_000) == 440)
    await hears(call, 1_000)
    call.hush()
    party.leg.audio.flush()


def pitch(pcm: bytes, rate_hz: int) -> float:
    """Of what is loud enough to be a tone."""
    return loudest_hz(pcm, rate_hz) if len(pcm) > rate_hz // 5 and np.abs(samples_of(pcm)).max() > 2_000 else 0.0


async def hears(call: Call, hz: float) -> None:
    """The far end's tone has this pitch, however many of its packets came late."""
    await call.until(lambda ear, _: pitch(latest(ear.pcm(), NARROW_HZ), NARROW_HZ) == hz)


async def progress(call: Call) -> list[int]:
    """What the one who referred us is told of it, to its end."""
    codes: list[int] = []
    while True:
        notice = await call.notices.get()
        codes.append(int(notice.body.split()[1]))
        if value(notice, "subscription-state").startswith("terminated"):
            return codes


async def test_who_is_named_is_called_and_talks_on_with_us() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        code = await call.refer(floor.staff.uri)
        arrival = await floor.staff.rings()
        arrival.ring()
        await party.sees(Referred)
        staff = arrival.answer()
        moved = await party.sees(Moved)
        told = await progress(call)
        end = await call.ended
        await talk(staff, party)
        await staff.hang_up()
        ending = await party.ends()
        await floor.is_free()

    assert (code, told[0], told[-1], end.how) == (202, 100, 200, "bye")
    assert moved == Moved(floor.staff.uri, tells_keys=True)
    assert ending == Ending("caller", "hung_up", 200)


@pytest.mark.parametrize("sip_code", [486, 603])
async def test_whom_nobody_answers_leaves_us_with_who_referred_us(sip_code: int) -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        await call.refer(floor.staff.uri)
        (await floor.staff.rings()).reject(sip_code)
        told = await progress(call)
        failed = await party.sees(NotTaken)
        await talk(call, party)

    assert (told[-1], failed) == (sip_code, NotTaken(sip_code))


async def test_who_does_not_wait_is_followed_all_the_same() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        await call.refer(floor.staff.uri)
        arrival = await floor.staff.rings()
        arrival.ring()
        await call.hang_up()
        staff = arrival.answer()
        await party.sees(Moved)
        await talk(staff, party)
        ending = party.ending

    assert ending is None


async def test_whom_nobody_answers_when_who_referred_us_is_gone_ends_the_leg() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        await call.refer(floor.staff.uri)
        arrival = await floor.staff.rings()
        await call.hang_up()
        arrival.reject(486)
        ending = await party.ends()
        await floor.is_free()

    assert ending == Ending("callee", "busy", 486)


async def test_who_rings_too_long_is_called_no_more() -> None:
    async with a_floor(replace(STAFF, ring_s=1.0)) as floor:
        call, party = await floor.call()
        await call.refer(floor.staff.uri)
        arrival = await floor.staff.rings()
        arrival.ring()
        await arrival.cancelled.wait()
        await party.sees(NotTaken)
        await talk(call, party)
        ending = party.ending

    assert ending is None


async def test_a_leg_that_ends_meanwhile_takes_both_along() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        await call.refer(floor.staff.uri)
        arrival = await floor.staff.rings()
        arrival.ring()
        await party.sees(Referred)
        party.leg.hang_up()
        await arrival.cancelled.wait()
        end = await call.ended
        await party.ends()
        await floor.is_free()

    assert (end.by, end.how, party.ending) == ("far", "bye", Ending("us", "agent_hung_up", 200))


async def test_who_was_on_hold_is_not_any_more() -> None:
    async with a_floor() as floor:
        async with RawSip() as far:
            call = RawCall(far, floor.office.endpoint.port("udp"))
            await call.asks("INVITE", sdp(far.port))
            party = await floor.office.arrivals.get()
            await call.asks("INVITE", sdp(far.port, direction="sendonly"))
            await party.until(lambda: Waiting(True) in party.events)
            await call.asks("REFER", extra=f"Refer-To: <{floor.staff.uri}>\r\n")
            staff = (await floor.staff.rings()).answer()
            await party.sees(Moved)
        await party.until(lambda: Waiting(False) in party.events)
        await talk(staff, party)
        ending = party.ending

    assert ending is None


async def test_only_whom_we_may_follow_is_called() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        host = floor.staff.uri.partition("@")[2]
        others = [f"sip:boss@{host}", f"sip:staff@{host}?X-A=b", "tel:+4930123", f"sip:staff@{host};maddr=127.0.0.9"]
        others += [f"sip:staff@{host};%6Daddr=127.0.0.9", f"sip:staff@{host}?Replaces=a%0D%0AX-A:b;to-tag=1;from-tag=2"]
        codes = [await call.refer(target) for target in others]
        await talk(call, party)

    assert codes == [403, 403, 416, 403, 403, 403]
    assert not [event for event in party.events if isinstance(event, Referred)]


async def test_a_trunk_calls_whom_it_may_dial_and_no_others() -> None:
    async with Phone(number="49301") as allowed, Phone(number="49302") as dear:
        trunk = Trunk(name="pbx", registrar="sip:127.0.0.1:1", register=False, dial=("49301",), max_calls=2)
        async with a_floor(Referrals(("*",)), (trunk,)) as floor:
            call, party = await floor.call()
            refused = await call.refer(dear.uri)
            accepted = await call.refer(allowed.uri)
            again = await call.refer(allowed.uri)
            (await allowed.rings()).answer()
            moved = await party.sees(Moved)
            trunk_name = party.leg.trunk

    assert (refused, accepted, again, trunk_name) == (403, 202, 491, "pbx")
    assert moved.far_end == allowed.uri


async def test_when_all_lines_are_busy_nobody_else_is_called() -> None:
    async with a_floor(max_calls=1) as floor:
        call, _ = await floor.call()
        code = await call.refer(floor.staff.uri)

    assert code == 503


async def test_the_dialog_that_is_to_be_replaced_is_named_to_whom_we_call() -> None:
    async with a_floor() as floor:
        call, _ = await floor.call()
        dialog = "abc%40there%3Bto-tag%3D1%3Bfrom-tag%3D2"
        await call.refer(f"{floor.staff.uri}?Require=replaces&Replaces={dialog}")
        arrival = await floor.staff.rings()

    assert value(arrival.invite, "replaces") == "abc@there;to-tag=1;from-tag=2"


CHIRP_MS = 6_000
FIRST_HZ, HZ_PER_S = 400, 400


def a_chirp() -> bytes:
    """Its pitch tells the moment."""
    moments = np.arange(24 * CHIRP_MS) / 24_000
    turns = FIRST_HZ * moments + HZ_PER_S * moments**2 / 2
    return (8_000 * np.sin(2 * np.pi * turns)).astype("<i2").tobytes()


def moment_ms(pcm: bytes) -> float:
    """Where in the chirp the middle of this is."""
    samples = samples_of(pcm)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 16_384))
    hz = float(np.argmax(spectrum)) * NARROW_HZ / 16_384
    return 1_000 * (hz - FIRST_HZ) / HZ_PER_S


def sounding(pcm: bytes) -> bytes:
    """From the first to the last that is no silence."""
    loud = np.flatnonzero(np.abs(samples_of(pcm)) > 1_000)
    return pcm[2 * int(loud[0]) : 2 * int(loud[-1]) + 2]


async def test_nothing_is_lost_or_heard_twice_when_somebody_takes_the_far_ends_place() -> None:
    part = 2 * NARROW_HZ // 10
    async with a_floor() as floor:
        call, party = await floor.call()
        party.leg.audio.play(a_chirp())
        await call.until(lambda ear, _: len(sounding(ear.pcm() + b"\xff\x7f")) > 15 * part)
        staff = await floor.takes_its_place(call.dialog.replaces)
        end = await call.ended
        moved = await party.sees(Moved)
        await party.until(lambda: party.leg.audio.queued_ms == 0)
        before, after = sounding(call.ear.pcm()), sounding(staff.ear.pcm())
        await talk(staff, party)
        await staff.hang_up()
        ending = await party.ends()
        await floor.is_free()

    gap_ms = moment_ms(after[:part]) - moment_ms(before[-part:]) - 100
    assert abs(gap_ms) < 60, gap_ms
    assert (end.by, end.how, moved.far_end) == ("far", "bye", f"sip:staff@{floor.staff.uri.partition('@')[2]}")
    assert ending == Ending("caller", "hung_up", 200)


async def test_a_ringing_call_of_ours_is_picked_up_elsewhere() -> None:
    async with a_floor() as floor, Phone(number="desk") as desk:
        party = await floor.office.dials(desk.uri)
        ringing = await desk.rings()
        ringing.ring()
        staff = await floor.takes_its_place(ringing.dialog.replaces)
        await ringing.cancelled.wait()
        await talk(staff, party)
        ending = party.ending

    assert ending is None


async def refused(floor: Floor, dialog: str) -> int:
    with pytest.raises(RefusedError) as refusal:
        await floor.takes_its_place(dialog)
    return refusal.value.sip_code


async def test_who_names_no_dialog_of_ours_is_refused() -> None:
    async with a_floor() as floor:
        call, party = await floor.call()
        dialog = call.dialog.replaces
        unknown = await refused(floor, "nobody@there;to-tag=1;from-tag=2")
        wrong_tag = await refused(floor, dialog + "x")
        only_early = await refused(floor, dialog + ";early-only")
        await talk(call, party)
        await call.hang_up()
        await party.ends()
        over = await refused(floor, dialog)

    assert (unknown, wrong_tag, only_early) == (481, 481, 486)
    assert over in (481, 603)


async def test_a_stranger_takes_nobodys_place() -> None:
    async with (
        a_floor(allow=("127.0.0.1/32",)) as floor,
        Phone("127.0.0.9", number="stranger") as stranger,
    ):
        call, party = await floor.call()
        dialling = await stranger.dial(floor.office.uri(), fields=(("Replaces", call.dialog.replaces),))
        with pytest.raises(RefusedError) as refusal:
            await dialling.answered()
        await talk(call, party)

    assert refusal.value.sip_code == 403


async def test_a_place_that_has_been_taken_is_taken_no_second_time() -> None:
    async with a_floor() as floor, RawSip() as far:
        call = RawCall(far, floor.office.endpoint.port("udp"))
        await call.asks("INVITE", sdp(far.port))
        party = await floor.office.arrivals.get()
        await party.sees(Answered)
        dialog = f"{call.call_id};to-tag={call.to_tag};from-tag=raw"
        staff = await floor.takes_its_place(dialog)
        await far.gets(lambda message: message.startswith("BYE "))  # which has no answer
        code = await refused(floor, dialog)
        await talk(staff, party)
        moves = [event for event in party.events if isinstance(event, Moved)]

    assert (code, len(moves)) == (603, 1)


async def test_who_has_as_many_calls_as_one_may_have_takes_nobodys_place_besides() -> None:
    async with a_floor(max_calls=2, calls_per_source=1) as floor, Phone("127.0.0.9", number="other") as other:
        call, party = await floor.call()
        await other.call(floor.office.uri())
        dialling = await other.dial(floor.office.uri(), fields=(("Replaces", call.dialog.replaces),))
        with pytest.raises(RefusedError) as refusal:
            await dialling.answered()
        staff = await floor.takes_its_place(call.dialog.replaces)
        await party.sees(Moved)
        await talk(staff, party)

    assert refusal.value.sip_code == 503


async def test_who_calls_too_often_takes_nobodys_place() -> None:
    async with a_floor(max_calls=1, new_calls_per_s=1) as floor:
        call, party = await floor.call()
        codes = await asyncio.gather(*(refused(floor, "nobody@there;to-tag=1;from-tag=2") for _ in range(8)))
        await talk(call, party)

    assert {481, 503} == set(codes)


async def test_who_takes_anothers_place_from_elsewhere_is_not_trusted_as_that_one_is() -> None:
    trunk = Trunk(name="pbx", registrar="sip:127.0.0.1:1", register=False, trusted=True)
    told = (("P-Asserted-Identity", "<sip:chief@pbx>"),)
    async with a_floor(trunks=(trunk,)) as floor, Phone("127.0.0.9", number="other") as other:
        far_ends = []
        for phone in (other, floor.staff):
            call, party = await floor.call()
            dialling = await phone.dial(floor.office.uri(), fields=(("Replaces", call.dialog.replaces), *told))
            await dialling.answered()
            far_ends.append((await party.sees(Moved)).far_end.partition("@")[0])

    assert far_ends == ["sip:other", "sip:chief"]


async def test_who_is_joined_with_somebody_stays_so_when_one_of_them_is_replaced() -> None:
    async with a_floor() as floor, Phone(number="desk", keep_audio=True) as desk:
        call, party = await floor.call()
        other = await floor.office.dials(desk.uri)
        at_desk = (await desk.rings()).answer()
        await asyncio.gather(party.sees(Answered), other.sees(Answered))
        party.leg.join(other.leg)
        staff = await floor.takes_its_place(call.dialog.replaces)
        await party.sees(Moved)
        staff.say(speech_of(a_tone(440, 30_000, rate_hz=NARROW_HZ)))
        at_desk.say(speech_of(a_tone(1_000, 30_000, rate_hz=NARROW_HZ)))
        await asyncio.gather(hears(at_desk, 440), hears(staff, 1_000))
        ends = (call.ended.done(), at_desk.ended.done())

    assert ends == (True, False)
