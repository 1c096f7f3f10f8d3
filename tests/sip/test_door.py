"""Who is let in and as whose call: strangers, peers, several trunks at one address, passwords, rates, OPTIONS."""

import re
from dataclasses import replace

import pytest

from telephony.leg import Ending, LegEnded
from telephony.settings import Secret, SipSettings, Trunk
from telephony.sip.trunk import Answering, Backoff, Registered, RetryPlan
from tests.drive.exchange import LOOPBACK, an_office, rejects, rings
from tests.drive.raw_sip import RawCall, RawSip, response_to, sdp
from tests.drive.registrar import Algorithm, Registrar, digest

GUARDED = replace(LOOPBACK, allow=("127.0.0.1",))
ELSEWHERE = "127.0.0.2"
NOW = RetryPlan(unreachable=Backoff(0.05, 0.2), check_s=0.05)


def a_peer(**more: object) -> Trunk:
    given: dict[str, object] = {"name": "pbx", "registrar": "sip:127.0.0.9:9", "register": False, **more}
    return Trunk(**given)  # type: ignore[arg-type]


async def test_a_stranger_is_forbidden_to_call_and_to_ask() -> None:
    async with RawSip(ELSEWHERE) as stranger, an_office(GUARDED) as office:
        port = office.endpoint.port("udp")
        codes = [await RawCall(stranger, port).asks(method, sdp(9)) for method in ("INVITE", "OPTIONS", "REGISTER")]

    assert (codes, office.arrivals.empty(), office.endpoint.turned_away) == ([403, 403, 403], True, (3, 0))


async def test_a_stranger_may_be_left_without_an_answer() -> None:
    settings = replace(GUARDED, strangers="ignore")
    async with RawSip(ELSEWHERE) as stranger, RawSip() as friend, an_office(settings) as office:
        port = office.endpoint.port("udp")
        RawCall(stranger, port).send("INVITE", sdp(9))
        RawCall(stranger, port).send("BYE")
        # SIP over one socket is read in order: when the friend is answered, the stranger has been heard.
        code = await RawCall(friend, port).asks("OPTIONS")

    assert (code, stranger.received, office.endpoint.turned_away[0]) == (200, [], 2)


async def test_ten_thousand_calls_of_a_stranger_leave_nothing_behind() -> None:
    async with RawSip(ELSEWHERE) as stranger, RawSip() as friend, an_office(GUARDED) as office:
        port = office.endpoint.port("udp")
        for batch in range(100):
            for _ in range(100):
                RawCall(stranger, port).send("INVITE", sdp(9))
            # The friend is served meanwhile.
            assert await RawCall(friend, port).asks("OPTIONS") == 200, batch
        left = await office.endpoint.occupancy()

    assert (left.dialogs, left.leg_ports, left.bridge_ports, office.arrivals.empty()) == (0, 0, 1, True)


async def test_a_peer_is_known_by_its_address() -> None:
    async with RawSip(ELSEWHERE) as pbx, an_office(GUARDED, trunks=(a_peer(allow=("127.0.0.2/31",)),)) as office:
        code = await RawCall(pbx, office.endpoint.port("udp")).asks("INVITE", sdp(9))
        arrived = await office.arrivals.get()

    assert (code, arrived.leg.trunk) == (200, "pbx")


async def test_trunks_at_one_address_are_told_apart_by_whom_they_call() -> None:
    trunks = tuple(
        replace(a_peer(allow=(ELSEWHERE,)), name=name, username=user, password=Secret("x"))
        for name, user in (("first", "4930"), ("second", "4940"))
    )
    async with RawSip(ELSEWHERE) as pbx, an_office(GUARDED, trunks=trunks) as office:
        for called in ("4940", "4930", "4950"):
            await RawCall(pbx, office.endpoint.port("udp"), called).asks("INVITE", sdp(9))
        known = [(await office.arrivals.get()).leg.trunk for _ in range(3)]

    assert known == ["second", "first", "first"]


async def test_a_call_to_our_contact_is_the_trunks_from_wherever_it_comes() -> None:
    trunk = Trunk(name="carrier", registrar="", username="alice", password=Secret("secret"))
    async with Registrar() as registrar, RawSip(ELSEWHERE) as gateway:
        trunks = tuple(replace(trunk, name=name, registrar=registrar.uri) for name in ("one", "two"))
        async with an_office(GUARDED, trunks=trunks) as office:
            for name in ("one", "two"):
                await office.endpoint.trunks[name].until(Registered)
            lines = dict.fromkeys(re.search(r";line=(\w+)", each.contact)[1] for each in registrar.bindings)  # type: ignore[index]
            codes, known = [], set()
            for line in (*lines, "guessed"):
                call = RawCall(gateway, office.endpoint.port("udp"), "alice", parameters=f";line={line}")
                codes.append(await call.asks("INVITE", sdp(9)))
            for _ in lines:
                known.add((await office.arrivals.get()).leg.trunk)

    assert (codes, known) == ([200, 200, 403], {"one", "two"})


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize(("password", "code"), [("secret", 200), ("wrong", 401)])
async def test_a_peer_proves_who_it_is_by_a_password(algorithm: Algorithm, password: str, code: int) -> None:
    peer = a_peer(challenge=True, username="pbx", password=Secret("secret"))
    async with RawSip(ELSEWHERE) as pbx, an_office(GUARDED, trunks=(peer,)) as office:
        call = RawCall(pbx, office.endpoint.port("udp"))
        asked = await call.asks("INVITE", sdp(9))
        call.to_tag = ""
        answer = await call.asks("INVITE", sdp(9), extra=credentials(pbx.received[-1], password, algorithm))
        known = office.arrivals.get_nowait().leg.trunk if code == 200 else None

    assert (asked, answer, known) == (401, code, "pbx" if code == 200 else None)


def credentials(challenge: str, password: str, algorithm: Algorithm) -> str:
    """What answers a 401 (RFC 7616 section 3.4) for the user pbx."""
    offered = re.search(rf'nonce="([^"]+)".*algorithm={algorithm}', challenge)
    assert offered, challenge
    nonce, uri = offered[1], "sip:1000@127.0.0.1"
    ours, asked = digest(f"pbx:offhook:{password}", algorithm), digest(f"INVITE:{uri}", algorithm)
    response = digest(f"{ours}:{nonce}:00000001:abc:auth:{asked}", algorithm)
    return (
        f'Authorization: Digest username="pbx", realm="offhook", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="abc"\r\n'
    )


async def test_a_source_that_calls_too_fast_is_told_to_wait() -> None:
    settings = replace(LOOPBACK, max_calls=40, new_calls_per_s=1, retry_after_s=7)
    async with RawSip() as hasty, an_office(settings, decide=rejects(603)) as office:
        codes = [await RawCall(hasty, office.endpoint.port("udp")).asks("INVITE", sdp(9)) for _ in range(60)]
        refusal = await hasty.gets(lambda message: message.startswith("SIP/2.0 503"))

    assert (codes[:41], codes.count(503), "Retry-After: 7" in refusal) == (
        [603] * 41,
        office.endpoint.turned_away[1],
        True,
    )
    assert codes.count(503) > 0


@pytest.mark.parametrize(
    "settings",
    [replace(LOOPBACK, max_calls=1), replace(LOOPBACK, calls_per_did=1), replace(LOOPBACK, calls_per_source=1)],
)
async def test_a_call_beyond_a_limit_gets_503_and_when_to_come_again(settings: SipSettings) -> None:
    async with RawSip() as carrier, an_office(settings, decide=rings) as office:
        port = office.endpoint.port("udp")
        first = RawCall(carrier, port)
        first.send("INVITE", sdp(9))
        await first.answered(least=180)
        code = await RawCall(carrier, port).asks("INVITE", sdp(9))
        refused = carrier.received[-1]
        await first.asks("CANCEL")
        ending = await (await office.arrivals.get()).sees(LegEnded)
        again = RawCall(carrier, port)
        again.send("INVITE", sdp(9))
        ringing = await again.answered(least=180)

    assert (code, "Retry-After: 5" in refused, ending, ringing) == (
        503,
        True,
        LegEnded(Ending("caller", "cancelled", 487)),
        180,
    )


async def test_options_tell_the_load() -> None:
    async with RawSip() as carrier, an_office(replace(LOOPBACK, max_calls=1), decide=rings) as office:
        port = office.endpoint.port("udp")
        free = await RawCall(carrier, port).asks("OPTIONS")
        call = RawCall(carrier, port)
        call.send("INVITE", sdp(9))
        await call.answered(least=180)
        full = await RawCall(carrier, port).asks("OPTIONS")
        loads = [load for text in carrier.received for load in re.findall(r"^X-Calls: (\S+)", text, re.MULTILINE)]
        await office.endpoint.close_to_calls()
        await call.asks("CANCEL")
        closed = await RawCall(carrier, port).asks("OPTIONS")

    assert (free, full, loads, closed) == (200, 503, ["0/1", "1/1"], 503)


async def test_a_peer_that_answers_options_is_up_and_one_that_does_not_is_not() -> None:
    async with RawSip() as pbx:
        peer = a_peer(registrar=f"sip:127.0.0.1:{pbx.port}")
        async with an_office(LOOPBACK, trunks=(peer,), retry=NOW) as office:
            line = office.endpoint.trunks["pbx"]
            request = await pbx.gets(lambda message: message.startswith("OPTIONS"))
            before = line.is_up
            pbx.send(response_to(request, "404 Not Found"), office.endpoint.port("udp"))
            await line.until(Answering)
            pbx.received.clear()
            # It is asked again.
            await pbx.gets(lambda message: message.startswith("OPTIONS"))

    assert (before, line.is_up) == (False, True)


async def test_a_dead_server_makes_way_for_the_next_in_the_list_and_calls_go_there() -> None:
    nobody = "sip:127.0.0.1:9;transport=tcp"
    async with Registrar(algorithm="SHA-256") as standby:
        trunk = Trunk(
            name="carrier",
            registrar=nobody,
            failover=(standby.uri,),
            username="alice",
            password=Secret("secret"),
            dial=("4940",),
        )
        async with an_office(LOOPBACK, trunks=(trunk,), retry=NOW) as office:
            line = office.endpoint.trunks["carrier"]
            await line.until(Registered)
            await office.dials("4940123", trunk="carrier")
            invite = await standby.gets(lambda message: message.startswith("INVITE"))

    assert (line.server, invite.split()[1]) == (standby.uri, f"sip:4940123@127.0.0.1:{standby.port}")


async def test_an_overloaded_server_is_left_for_the_next_and_tried_again_after_the_last() -> None:
    async with Registrar(mood="is_overloaded") as first, Registrar(mood="is_overloaded") as second:
        trunk = Trunk(
            name="carrier", registrar=first.uri, failover=(second.uri,), username="alice", password=Secret("secret")
        )
        async with an_office(LOOPBACK, trunks=(trunk,), retry=NOW) as office:
            await second.attempted(1)
            first.mood = "asks_who"
            await office.endpoint.trunks["carrier"].until(Registered)
            bindings = (len(first.bindings), len(second.bindings))

    assert bindings == (1, 0)


async def test_sources_named_as_names_in_certificates_are_no_addresses() -> None:
    async with RawSip(ELSEWHERE) as stranger, an_office(GUARDED, trunks=(a_peer(allow=("pbx.example",)),)) as office:
        code = await RawCall(stranger, office.endpoint.port("udp")).asks("INVITE", sdp(9))

    assert code == 403
