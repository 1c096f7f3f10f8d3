"""`offhook doctor` says what is wrong with a machine and what to do; each story breaks one thing for real."""

import io
import json
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.realtime.config import Audio, AudioInput, AudioOutput, SemanticVad, SessionConfig
from telephony import doctor_network, doctor_parts
from telephony.finding import Finding, as_json, is_sound, ok, print_findings
from telephony.settings import (
    MediaSettings,
    ProviderSettings,
    RedisSettings,
    Secret,
    Settings,
    SipSettings,
    Trunk,
)
from telephony.state.private_redis import RedisServer

HERE = SipSettings(bind_address="127.0.0.1", udp_port=0, tcp_port=0)


@contextmanager
def a_held_port(kind: socket.SocketKind) -> Iterator[int]:
    with closing(socket.socket(socket.AF_INET, kind)) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield holder.getsockname()[1]


def about(subject: str, sip: SipSettings, *trunks: Trunk) -> Finding:
    return next(finding for finding in doctor_network.findings(sip, trunks) if finding.subject == subject)


def test_free_ports_are_well() -> None:
    found = [finding.state for finding in doctor_network.findings(replace(HERE, max_calls=1), ())]
    assert "fail" not in found


@pytest.mark.parametrize(
    ("transport", "kind"),
    [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM), ("tls", socket.SOCK_STREAM)],
    ids=["udp", "tcp", "tls"],
)
def test_a_port_in_use_names_who_holds_it(transport: str, kind: socket.SocketKind) -> None:
    with a_held_port(kind) as port:
        listening = {
            "udp": replace(HERE, udp_port=port),
            "tcp": replace(HERE, tcp_port=port),
            "tls": replace(HERE, tls_port=port),
        }
        finding = about(f"SIP over {transport.upper()}", listening[transport])

    assert (f"port {port}" in finding.found, f"(process {os.getpid()})" in finding.found) == (True, True)


def test_a_port_held_by_the_service_itself_is_no_fault(tmp_path: Path) -> None:
    """The kernel's tables as they look while `offhook serve` runs."""
    with a_held_port(socket.SOCK_DGRAM) as port:
        (tmp_path / "net").mkdir()
        (tmp_path / "net" / "udp").write_text(f"header\n 1: 0100007F:{port:04X} 0:0 07 0:0 00:0 0 0 0 4711 2\n")
        (tmp_path / "42" / "fd").mkdir(parents=True)
        (tmp_path / "42" / "fd" / "7").symlink_to("socket:[4711]")
        (tmp_path / "42" / "cmdline").write_bytes(b"python\0-m\0telephony\0serve\0")
        found = list(doctor_network.findings(replace(HERE, udp_port=port), (), proc=tmp_path))

    assert found[0] == Finding(
        "SIP over UDP",
        "note",
        f"port {port} is held by python -m telephony serve (process 42)",
        "the service seems to run",
    )


def test_an_address_of_another_machine_is_a_fault() -> None:
    finding = about("SIP over UDP", replace(HERE, bind_address="192.0.2.77", udp_port=5_060))
    assert (finding.state, finding.found) == ("fail", "192.0.2.77 is no address of this machine")


def test_too_few_free_ports_for_the_calls_is_a_fault() -> None:
    with a_held_port(socket.SOCK_DGRAM) as port:
        first = port - port % 2
        sip = replace(HERE, rtp_first_port=first, rtp_last_port=first + 1, max_calls=1)
        finding = about("RTP ports", sip)

    assert (finding.state, "0 of 1 pairs" in finding.found) == ("fail", True)


def test_ports_that_the_kernel_gives_to_anybody_are_noted() -> None:
    low, high = (int(port) for port in doctor_network.EPHEMERAL.read_text().split())
    sip = replace(HERE, rtp_first_port=low + low % 2, rtp_last_port=high, max_calls=1)

    noted = [finding for finding in doctor_network.findings(sip, ()) if finding.state == "note"]

    assert f"{low} to {high}" in next(finding.found for finding in noted if finding.subject == "RTP ports")


@pytest.mark.parametrize(
    ("sip", "trunks", "noted"),
    [
        (SipSettings(), (), True),
        (SipSettings(allow=("127.0.0.0/8", "192.0.2.0/24")), (), False),
        (SipSettings(), (Trunk(name="carrier", registrar="sip:9.9.9.9"),), False),
        (SipSettings(bind_address="127.0.0.1"), (), False),
    ],
)
def test_a_service_that_lets_nobody_else_call_is_told(sip: SipSettings, trunks: tuple[Trunk, ...], noted: bool) -> None:
    subjects = [finding.subject for finding in doctor_network.findings(sip, trunks)]

    assert ("callers" in subjects) is noted


TRUNK = Trunk(name="carrier", registrar="sip:1000@9.9.9.9:5060;transport=tcp")


@pytest.mark.parametrize(
    ("sip", "trunks", "state", "words"),
    [
        (HERE, (), "note", "only programs on this machine"),
        (replace(HERE, public_address="9.9.9.9"), (), "ok", "told 9.9.9.9"),
        (replace(HERE, bind_address="0.0.0.0", public_address="10.0.0.2"), (TRUNK,), "fail", "nobody reaches it"),
        (replace(HERE, bind_address="0.0.0.0", public_address="10.0.0.2"), (), "note", "nobody reaches it"),
        (
            replace(HERE, bind_address="0.0.0.0", public_address="10.0.0.2"),
            (replace(TRUNK, registrar="sip:10.0.0.1"),),
            "ok",
            "told 10.0.0.2",
        ),
    ],
)
def test_the_address_that_callers_are_told_is_looked_at(
    sip: SipSettings, trunks: tuple[Trunk, ...], state: str, words: str
) -> None:
    finding = about("address", sip, *trunks)
    assert (finding.state, words in finding.found) == (state, True)


def test_too_few_open_files_for_the_calls_is_a_fault() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, limits[1]))
    try:
        finding = about("open files", replace(HERE, max_calls=200))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert (finding.state, "1400 are needed" in finding.found, finding.remedy) == ("fail", True, "ulimit -n 1400")


async def test_redis_is_asked_for_its_version(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    await server.start()
    configured = await doctor_parts.redis(RedisSettings(url=Secret(server.url)))
    await server.stop()
    dead = await doctor_parts.redis(RedisSettings(url=Secret(server.url)))
    private = await doctor_parts.redis(RedisSettings())

    assert [finding.state for finding in (configured, dead, private)] == ["ok", "fail", "ok"]


async def test_a_machine_without_redis_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    finding = await doctor_parts.redis(RedisSettings())

    assert (finding.state, "redis-server is not installed" in finding.found) == ("fail", True)


async def test_engines_are_started_as_a_call_would(tmp_path: Path) -> None:
    hears = AudioInput(turn_detection=SemanticVad())
    agents = [SessionConfig(audio=Audio(hears, AudioOutput(voice=voice))) for voice in ("", "slt", "nobody")]

    found = await doctor_parts.speech(Settings(providers=ProviderSettings(models_dir=tmp_path)), agents)

    assert [(finding.subject, finding.state) for finding in found] == [
        ("speech model", "fail"),
        ("turn model", "note"),
        ("recogniser", "ok"),
        ("voice", "fail"),
        ("voice", "ok"),
        ("voice", "ok"),
    ]


def test_recordings_need_a_folder_that_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    states = [
        [finding.state for finding in doctor_parts.recordings(MediaSettings(recordings_dir=folder))]
        for folder in (None, tmp_path / "file" / "inside", Path("/proc/recordings"))
    ]

    assert states == [[], ["fail"], ["fail"]]


def test_findings_are_told_with_their_remedies() -> None:
    found = (ok("SIP over UDP", "port 5060 is free"), Finding("Redis", "fail", "is away", "start it"))
    stream = io.StringIO()

    print_findings(found, stream)

    assert stream.getvalue().splitlines() == [
        "ok    SIP over UDP  port 5060 is free",
        "FAIL  Redis         is away",
        "                    start it",
    ]
    assert (json.loads(as_json(found))["ok"], is_sound(found[:1])) == (False, True)
