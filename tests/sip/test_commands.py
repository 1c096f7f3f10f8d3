"""What `offhook` says at the prompt when something ordinary is wrong: one line, and no traceback."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import closing
from pathlib import Path

import pytest

SETTINGS = """\
[sip]
bind_address = "127.0.0.1"
udp_port = {port}
tcp_port = "off"
[log]
format = "json"
level = "{level}"
[control]
port = "off"
"""


def settings(folder: Path, more: str = "", port: int = 0, level: str = "error") -> Path:
    path = folder / "offhook.toml"
    path.write_text(SETTINGS.format(port=port, level=level) + more)
    return path


def a_free_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def started(*arguments: str, environ: dict[str, str] | None = None) -> Process:
    few = os.environ | {"OFFHOOK_PROVIDERS_RECOGNISER_PROCESSES": "1"}  # nobody is heard here
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "telephony", *arguments), stdout=PIPE, stderr=PIPE, env=environ or few
    )


async def said(*arguments: str, environ: dict[str, str] | None = None) -> tuple[int | None, list[str]]:
    """The exit code and what stands on stderr."""
    process = await started(*arguments, environ=environ)
    _, words = await process.communicate()
    return process.returncode, words.decode().splitlines()


async def test_a_second_service_says_who_holds_the_port(tmp_path: Path) -> None:
    path = settings(tmp_path, port=a_free_port(), level="info")
    first = await started("serve", "-c", str(path))
    assert first.stderr is not None
    while b'"ready"' not in (line := await first.stderr.readline()):
        assert line, "the first one ended"

    code, lines = await said("serve", "-c", str(path))
    first.send_signal(signal.SIGINT)
    await first.communicate()

    assert (code, first.returncode) == (1, 0)
    assert f"(process {first.pid})" in lines[-1]
    assert lines[-1].startswith("offhook: SIP over UDP: port ")
    assert not any("Traceback" in line for line in lines)


async def test_a_speech_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = settings(tmp_path, f'[providers]\nmodels_dir = "{tmp_path}/none"\n')

    code, lines = await said("serve", "-c", str(path))

    assert (code, lines[-1]) == (
        1,
        f"offhook: the speech model {tmp_path}/none/silero_vad.onnx cannot be used "
        "(run the set-up again, or correct providers.models_dir)",
    )
    assert not any("Traceback" in line for line in lines)


async def test_a_machine_without_redis_is_told_what_to_install(tmp_path: Path) -> None:
    code, lines = await said("serve", "-c", str(settings(tmp_path)), environ={"PATH": str(tmp_path)})

    assert (code, lines) == (
        1,
        [
            "offhook: no state can be kept: redis-server is not installed "
            "(apt-get install redis-server, or set OFFHOOK_REDIS_URL)"
        ],
    )


async def test_a_call_over_a_trunk_nobody_knows_is_not_placed(tmp_path: Path) -> None:
    code, lines = await said("call", "+493023125012", "--trunk", "carier", "-c", str(settings(tmp_path)))

    assert (code, len(lines), "there is no trunk 'carier'" in lines[-1]) == (1, 1, True)


async def test_faulty_settings_are_told_by_file_and_line(tmp_path: Path) -> None:
    path = settings(tmp_path, "nonsense = 1\n")

    code, lines = await said("serve", "-c", str(path))

    assert (code, lines[0].startswith(f"{path}:10: control.nonsense: unknown key")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("calls", "--calls", "0"), "argument --calls: 0 is not a whole number from 1 to 512"),
        (("media", "--calls", "513"), "argument --calls: 513 is not a whole number from 1 to 512"),
        (("calls", "--seconds", "-1"), "argument --seconds: -1 is not a number of seconds above 0"),
        (("calls", "--seconds", "nan"), "argument --seconds: nan is not a number of seconds above 0"),
        (("media", "--busy", "1.5"), "argument --busy: 1.5 is not a share from 0 to 1"),
        (("media", "--busy", "much"), "argument --busy: 'much' is not a share from 0 to 1"),
    ],
)
async def test_a_bench_that_cannot_be_is_refused(arguments: tuple[str, ...], fault: str) -> None:
    code, lines = await said("bench", *arguments)

    assert (code, lines[-1].endswith(fault)) == (2, True)


async def test_the_doctor_keeps_log_lines_out_of_the_table(tmp_path: Path) -> None:
    path = settings(tmp_path, f'[providers]\nmodels_dir = "{tmp_path}/none"\n', level="info")

    code, lines = await said("doctor", "-c", str(path))

    assert (code, lines) == (1, [])
