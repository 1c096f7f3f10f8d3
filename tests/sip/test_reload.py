"""The dialplan changes while people talk: nobody is cut off, and a broken one changes nothing."""

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from pipeline.realtime.events import OutputTranscriptDone
from telephony.wire.dialling import RefusedError
from tests.drive.offhook import DESK, a_house, chosen, line_open
from tests.drive.web import address, http
from tests.sip.test_commands import settings, started

NIGHT = DESK.replace('"Hello."', '"Good night."').replace("At nine in the morning.", "Not any more.")


async def test_a_call_goes_on_as_it_began_and_the_next_finds_the_new_dialplan(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        first = await house.dial_and_be_greeted()
        await house.sees(OutputTranscriptDone)
        (tmp_path / "dialplan.toml").write_text(NIGHT + '[[route]]\ndid = "new"\nagent = "desk"\n')

        reloaded = await house.service.reloading.reload()

        await house.hears(first, "when do you open")
        old = (await house.sees(OutputTranscriptDone)).transcript
        second = await house.dial("new")
        await line_open(second)
        greeting = (await house.sees(OutputTranscriptDone)).transcript
        await house.hears(second, "when do you open")
        new = (await house.sees(OutputTranscriptDone)).transcript

    assert reloaded.changes == ("route new: new", "flow desk: changed")
    assert (old, greeting, new) == ("At nine in the morning.", "Good night.", "Not any more.")


async def test_a_broken_dialplan_is_told_with_its_lines_and_the_one_before_stays(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house:
        (tmp_path / "dialplan.toml").write_text('[[route]]\ndid = "new"\nagnt = "desk"\n')
        with structlog.testing.capture_logs() as log:
            faults = (await house.service.reloading.reload()).faults
        await house.dial_and_be_greeted()
        with pytest.raises(RefusedError):
            await house.dial("new")

    told = [line["at"].replace(f"{tmp_path}/", "") for line in log if line["event"] == "dialplan_fault"]
    assert told == ["dialplan.toml:1: route[1].agent", "dialplan.toml:3: route[1].agnt"]
    assert len(faults) == 2


async def test_an_application_has_it_reloaded_and_is_told_of_faults(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path)) as house, http(address(house)) as client:
        (tmp_path / "dialplan.toml").write_text(NIGHT.replace("agents.desk", "agents.night").replace("desk", "night"))
        done = await client.post("/v1/dialplan/reload")
        listed = (await client.get("/v1/agents")).json()["data"]
        (tmp_path / "dialplan.toml").write_text("route = 1\n")
        refused = await client.post("/v1/dialplan/reload")

    assert (done.status_code, done.json()["agents"], done.json()["object"]) == (200, ["night"], "dialplan")
    assert {"agent desk: gone", "agent night: new", "route 100: changed"} <= set(done.json()["changes"])
    assert [agent["name"] for agent in listed] == ["night"]
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "dialplan_faults")
    assert "dialplan.toml:1: route" in refused.json()["error"]["message"]


async def test_a_service_that_is_told_to_by_a_signal_reads_it_anew(tmp_path: Path) -> None:
    (tmp_path / "dialplan.toml").write_text(DESK)
    path = settings(tmp_path, level="info")
    path.write_text('dialplan = "dialplan.toml"\n' + path.read_text())
    process = await started("serve", "-c", str(path))
    assert process.stderr is not None
    while b'"ready"' not in (line := await process.stderr.readline()):
        assert line, "it ended"
    os.kill(process.pid, signal.SIGHUP)
    while b'"dialplan_reloaded"' not in (line := await process.stderr.readline()):
        assert line, "it ended"
    process.terminate()
    await process.communicate()

    assert process.returncode == 0


async def test_who_runs_the_service_is_told_at_the_prompt_what_changed(tmp_path: Path) -> None:
    plan, key = tmp_path / "dialplan.toml", tmp_path / "key"
    plan.write_text(DESK)
    key.write_text("opens-it\n")
    path = settings(tmp_path, level="info")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listening = f'port = {port}\nkeys = ["opens-it"]'
    path.write_text(
        'dialplan = "dialplan.toml"\n'
        + path.read_text().replace('port = "off"', listening).replace(f"tcp_{listening}", 'tcp_port = "off"')
    )
    process = await started("serve", "-c", str(path))
    assert process.stderr is not None
    while b'"ready"' not in (line := await process.stderr.readline()):
        assert line, "it ended"
    answers = [await asked(path), await asked(path, key)]
    for text in (NIGHT, '[[route]]\ndid = "new"\nagnt = "desk"\n', NIGHT):
        plan.write_text(text)
        answers.append(await asked(path, key))
    process.terminate()
    await process.communicate()
    answers.append(await asked(path, key))

    codes, said, complaints = zip(*answers, strict=True)
    assert codes == (1, 0, 0, 1, 0, 1)
    assert said == ("", "nothing has changed", "flow desk: changed", "", "nothing has changed", "")
    assert "--key-file" in complaints[0]
    assert f"{plan}:3: route[1].agnt" in complaints[3]
    assert "no service answers" in complaints[5]


async def asked(path: Path, key: Path | None = None) -> tuple[int | None, str, str]:
    """`offhook reload`: exit code, stdout, stderr."""
    process = await started("reload", "-c", str(path), *(["--key-file", str(key)] if key else []))
    out, complaint = await process.communicate()
    return process.returncode, out.decode().strip(), complaint.decode()
