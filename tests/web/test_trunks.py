"""How trunks do, as the API and the metrics tell it."""

from dataclasses import replace
from pathlib import Path

from telephony.settings import Secret, Trunk
from telephony.sip.trunk import Denied, Registered
from tests.drive.offhook import a_house, chosen
from tests.drive.registrar import Registrar
from tests.drive.web import address, http


async def test_each_trunk_tells_whether_it_is_up_and_why_not(tmp_path: Path) -> None:
    async with Registrar() as registrar:
        good = Trunk(name="good", registrar=registrar.uri, username="alice", password=Secret("secret"))
        bad = replace(good, name="bad", password=Secret("planted-word"))
        async with a_house(chosen(tmp_path, trunks=(good, bad))) as house, http(address(house)) as client:
            await house.service.endpoint.trunks["good"].until(Registered)
            await house.service.endpoint.trunks["bad"].until(Denied)
            listed = (await client.get("/v1/trunks")).text
            metrics = (await client.get("/metrics")).text
            trunks = (await client.get("/v1/trunks")).json()["data"]

    assert [(trunk["name"], trunk["up"], trunk["state"], trunk["sip_code"]) for trunk in trunks] == [
        ("good", True, "registered", None),
        ("bad", False, "denied", 401),
    ]
    assert "the password, the user name or the realm is wrong" in trunks[1]["meaning"]
    assert 'offhook_trunk_up{trunk="bad"} 0' in metrics
    assert 'offhook_trunk_up{trunk="good"} 1' in metrics
    assert "planted-word" not in listed + metrics
