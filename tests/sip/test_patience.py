"""How long we wait for far ends that say nothing: SIP's own 32 seconds (64 T1), waited out once for all of them."""

import asyncio

import pytest

from telephony.leg import Ending
from telephony.settings import Secret, Trunk
from telephony.sip.trunk import Unreachable
from tests.drive.exchange import Office, an_office
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.registrar import Registrar

SILENT_PORT = 9


async def never_acknowledged(office: Office, peer: RawSip) -> Ending:
    """A caller takes our answer and says no more until we hang up."""
    call = RawCall(peer, office.endpoint.port("udp"))
    call.send("INVITE", sdp(SILENT_PORT))
    party = await office.arrivals.get()
    bye = await peer.gets(lambda message: message.startswith("BYE "))
    peer.send(response_to(bye, "200 OK"), office.endpoint.port("udp"))
    return await party.ends()


@pytest.mark.slow
async def test_who_says_nothing_at_all_is_given_up() -> None:
    async with Registrar(mood="is_silent") as silent, RawSip() as peer:
        secret = Secret("secret")
        trunk = Trunk(name="carrier", registrar=silent.uri, username="alice", password=secret, dial=("5",))
        async with an_office(trunks=(trunk,), rtp_timeout_s=120) as office:
            line = office.endpoint.trunks["carrier"]
            party = await office.dials(f"sip:5000@127.0.0.1:{silent.port}")
            ending, state, unacknowledged = await asyncio.gather(
                party.ends(), line.until(Unreachable), never_acknowledged(office, peer)
            )

    assert (ending, state.sip_code, 1.0 <= state.retry_in_s <= 2.0) == (
        Ending("carrier", "unreachable", 408),
        408,
        True,
    )
    assert (unacknowledged.by, unacknowledged.reason) == ("caller", "no_ack")
