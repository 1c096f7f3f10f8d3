"""What settings say of trunks and lines, and what goes ill together in them."""

from pathlib import Path

import pytest

from telephony.settings import SettingsError, read

TRUNK = """
[sip]
allow = ["192.0.2.0/24"]
strangers = "ignore"
tls_certificate = "certificate.pem"
tls_key = "key.pem"
tls_port = 5061
[[trunk]]
name = "carrier"
registrar = "sip:sip.example.com;transport=tls"
register = false
failover = ["sip:other.example.com"]
username = "1000"
password = "word"
challenge = true
allow = ["192.0.2.9", "pbx.example.com"]
dial = ["+49"]
prices = { "+49" = 0.02, "*" = 1 }
cost_per_day = 50
codecs = ["opus", "PCMA"]
srtp = "required"
"""


def faults_of(folder: Path, text: str) -> list[str]:
    path = folder / "offhook.toml"
    path.write_text(text)
    try:
        read(path, {})
    except SettingsError as error:
        return [f"{fault.path}: {fault.problem}" for fault in error.faults]
    return []


def test_a_trunk_says_who_it_is_what_it_may_and_how_it_speaks(tmp_path: Path) -> None:
    (tmp_path / "offhook.toml").write_text(TRUNK)

    (trunk,) = read(tmp_path / "offhook.toml", {}).trunks

    told = (
        trunk.servers,
        [str(each) for each in trunk.networks],
        trunk.certificate_names,
        trunk.uses_tls,
        trunk.codecs,
    )
    assert told == (
        ("sip:sip.example.com;transport=tls", "sip:other.example.com"),
        ["192.0.2.9/32"],
        ("pbx.example.com",),
        True,
        ("opus", "PCMA"),
    )
    assert trunk.dial_rules.prices == {"+49": 0.02, "*": 1.0}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('password = "word"\n', ""), "challenge: asks for a password, and there is none"),
        (('"192.0.2.9", ', '"192.0.2.0/33", '), "allow: holds what is no address, network or name"),
        (('["+49"]', '["+4 9"]'), "dial: or prices hold what no number begins with"),
        (('prices = { "+49" = 0.02, "*" = 1 }\n', ""), "cost_per_day: is a limit without prices"),
        (('["sip:other.example.com"]', '["other"]'), "failover: is no SIP address"),
        (('allow = ["192.0.2.0/24"]', 'allow = ["pbx"]'), "allow: holds what is no address or network"),
        (('tls_key = "key.pem"\n', ""), "tls_certificate: and tls_key come together"),
        (('codecs = ["opus", "PCMA"]', "codecs = []"), "codecs: is empty"),
        (('srtp = "required"', 'srtp = "required"\nsrtp_keys = []'), "srtp_keys: is empty, but there is SRTP"),
        (('srtp = "required"', "jitter_min_ms = 300\njitter_max_ms = 200"), "jitter_min_ms: is above jitter_max_ms"),
    ],
)
def test_what_goes_ill_together_is_told(change: tuple[str, str], fault: str, tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path, TRUNK.replace(*change))

    assert fault in found


def test_more_servers_than_one_node_serves_are_told(tmp_path: Path) -> None:
    trunk = '[[trunk]]\nname = "t{0}"\nregistrar = "sip:a{0}.example.com"\nfailover = ["sip:b{0}.example.com"]\n'

    allowed, refused = ("".join(trunk.format(number) for number in range(count)) for count in (30, 31))

    assert faults_of(tmp_path, allowed) == []
    assert faults_of(tmp_path, refused) == ["trunk: have 62 servers together, and one node serves 60"]
