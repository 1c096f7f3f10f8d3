"""`offhook doctor` registers with each trunk as the service would, and leaves again."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from telephony import doctor, doctor_parts
from telephony.settings import Secret, Settings, SipSettings, Trunk
from tests.drive.registrar import Mood, Registrar

SIP = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=0)


def settings_with(registrar: str, password: str = "secret") -> Settings:
    trunk = Trunk(name="carrier", registrar=registrar, username="alice", password=Secret(password))
    return Settings(sip=SIP, trunks=(trunk,))


async def test_a_trunk_that_takes_us_is_well_and_left_again() -> None:
    async with Registrar() as registrar:
        found = await doctor_parts.trunks(settings_with(registrar.uri))
        bindings = [binding.expires_s for binding in registrar.bindings]

    assert ([finding.state for finding in found], bindings) == (["ok", "ok"], [300, 0])


@pytest.mark.parametrize(
    ("mood", "password", "found", "remedy"),
    [
        ("asks_who", "wrong", "refuses us (401 Unauthorized)", "correct the trunk's username, password and realm"),
        ("forbids", "secret", "refuses us (403 Forbidden)", "correct the trunk's username, password and realm"),
        ("is_silent", "secret", "does not answer", "correct the trunk's registrar or proxy"),
    ],
)
async def test_a_trunk_that_does_not_take_us_says_why(
    mood: Mood, password: str, found: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_parts, "REGISTER_S", 2.0)
    async with Registrar(mood=mood) as registrar:
        _, finding = await doctor_parts.trunks(settings_with(registrar.uri, password))

    assert (finding.state, found in finding.found, remedy in finding.remedy) == ("fail", True, True)


async def test_the_whole_examination_is_one_json_object(tmp_path: Path) -> None:
    stream = io.StringIO()
    settings = replace(Settings(sip=SIP), dialplan=tmp_path / "none.toml")

    code = await doctor.run(settings, stream, json=True)

    told = json.loads(stream.getvalue())
    failed = [finding["subject"] for finding in told["findings"] if finding["state"] == "fail"]
    assert (code, told["ok"], failed) == (1, False, ["dialplan"])


async def test_a_machine_that_is_set_up_has_nothing_to_mend() -> None:
    stream = io.StringIO()

    code = await doctor.run(Settings(sip=SIP), stream)

    assert (code, stream.getvalue().splitlines()[-1]) == (0, "nothing to mend")
