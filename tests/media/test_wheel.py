"""The pjsua2 wheel: what is in it, and what its build says to whoever must put something right."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pjsua2

BUILD = Path(__file__).parents[2] / "docker" / "pjsua2"
SYSTEM = ("/lib", "/usr/lib")


def run(*command: str | Path, **environ: str | Path) -> subprocess.CompletedProcess[str]:
    settings = os.environ | {name: str(value) for name, value in environ.items()}
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=50, check=False)


def a_pjproject(folder: Path, minor: int) -> Path:
    folder.mkdir()
    (folder / "version.mak").write_text(f"export PJ_VERSION_MAJOR  := 2\nexport PJ_VERSION_MINOR  := {minor}\n")
    return folder


def test_the_module_is_one_version_of_pjproject_and_ours() -> None:
    version = importlib.metadata.version("pjsua2")

    assert version.startswith("2.17+offhook.")
    assert pjsua2.Endpoint().libVersion().full == "2.17"


def test_the_module_needs_nothing_but_the_system() -> None:
    listed = run("ldd", pjsua2._pjsua2.__file__).stdout.splitlines()
    libraries = {line.split()[0]: line.split("=>")[-1].split()[0] for line in listed if "=>" in line}

    assert "libssl.so.3" in libraries
    assert [path for path in libraries.values() if not path.startswith(SYSTEM)] == []
    assert [name for name in libraries if name.startswith("libpj")] == []


def test_hundreds_of_calls_fit() -> None:
    told = run(
        sys.executable,
        "-c",
        "import pjsua2\n"
        "endpoint, config = pjsua2.Endpoint(), pjsua2.EpConfig()\n"
        "endpoint.libCreate()\n"
        "config.uaConfig.maxCalls, config.logConfig.consoleLevel = 512, 0\n"
        "endpoint.libInit(config)\n"
        "print(endpoint.mediaMaxPorts() >= 2 * 512)\n"
        "endpoint.libDestroy()\n",
    )

    assert told.stdout == "True\n", told.stderr


def test_nothing_is_printed_before_somebody_says_what_to_log() -> None:
    told = run(sys.executable, "-c", "import pjsua2; pjsua2.Endpoint().libCreate()")

    assert told.stdout == ""


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = run(BUILD / "build", sys.executable, XDG_CACHE_HOME=tmp_path, PJPROJECT_SOURCE=tmp_path / "missing")

    assert told.returncode == 1
    assert f"PJPROJECT_SOURCE={tmp_path}/missing: there is no such archive or tree" in told.stderr


def test_a_tree_of_something_else_is_refused(tmp_path: Path) -> None:
    told = run(BUILD / "build", sys.executable, XDG_CACHE_HOME=tmp_path / "cache", PJPROJECT_SOURCE=BUILD)

    assert told.returncode == 1
    assert "is no pjproject: it has no version.mak" in told.stderr


def test_an_older_pjproject_is_refused(tmp_path: Path) -> None:
    old = a_pjproject(tmp_path / "old", minor=12)

    told = run(BUILD / "build", sys.executable, XDG_CACHE_HOME=tmp_path / "cache", PJPROJECT_SOURCE=old)

    assert told.returncode == 1
    assert "this is pjproject 2.12; version 2.17 is needed" in told.stderr


def test_an_archive_nobody_tested_is_taken_with_a_warning(tmp_path: Path) -> None:
    archive = tmp_path / "pjproject.tar"
    run("tar", "--create", f"--file={archive}", f"--directory={a_pjproject(tmp_path / 'new', minor=17)}", ".")

    told = run(sys.executable, BUILD / "source.py", tmp_path / "cache", PJPROJECT_SOURCE=archive)

    assert told.stdout == f"{archive}\n"
    assert "pjproject.tar is not an archive this project was tested with (sha256 " in told.stderr
