"""Carries out docker/Dockerfile without Docker: each stage in a fresh root by mmdebstrap. Rule: the Dockerfile is read.

    python docker/image_in_chroot.py FOLDER [LENT ...]

As root; FOLDER is made, and left for a look. What is LENT (pip's configuration, a folder of packages) can be read at
the same place while an instruction runs; apt gets the options by which this machine's own finds packages, and programs
trust whom SSL_CERT_FILE trusts. Known are the instructions that our Dockerfile uses; another is an error.

Then the image is tried, in a network of its own: what the Dockerfile says is started as the user that it says, the
health check of compose.yml is asked until it is content, and a caller asks something and must hear an answer.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
DEBIAN = re.compile(r"debian:12-slim(?: AS (\w+))?")
SUITE = "bookworm"
RESOLVER = Path("/etc/resolv.conf")
TRUSTED = Path("/tmp/trusted.crt")  # within a root
HEALTHY_WITHIN_S = 180
CALL = {
    "uri": "sip:200@127.0.0.1:5060",
    "steps": [
        {"do": "listen", "silent_ms": 2500},
        {"do": "say", "text": "can I speak to a person"},
        {"do": "listen", "silent_ms": 4000},
        {"do": "hang_up"},
    ],
}


@dataclass
class Stage:
    """A root, and what of the instructions so far holds for the next ones."""

    root: Path
    lent: list[Path]
    environ: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    folder: str = "/"
    user: str = "root"
    starts: dict[str, list[str]] = field(default_factory=dict)

    def inside(self, path: str) -> Path:
        """A path of the image as one of this machine's."""
        return self.root / os.path.normpath(Path(self.folder) / path).lstrip("/")

    def run(self, command: str) -> None:
        """As RUN does."""
        subprocess.run(self.entered("--mount", command=command, environ=_ways_out()), check=True)

    def entered(self, *apart: str, command: str, environ: dict[str, str]) -> list[str]:
        """What runs this in the root, apart from this machine in these ways (see unshare)."""
        mounts = ["mount -t proc proc proc", "mount --rbind /dev dev"]
        for lent in self.lent:
            there = self.root / lent.relative_to("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            there.mkdir(exist_ok=True) if lent.is_dir() else there.touch()
            mounts.append(f"mount -o bind,ro {lent} .{lent}")
        network = ["ip link set lo up"] if "--net" in apart else []
        enter = " && ".join([*network, f"cd {self.root}", *mounts, 'exec "$@"'])
        within = f"cd {shlex.quote(self.folder)} && {command}"
        named = [f"{name}={value}" for name, value in {**self.environ, "HOME": "/", **environ}.items()]
        chroot = ["chroot", f"--userspec={self.user}", str(self.root), "env", "-i", *named, "sh", "-c", within]
        return ["unshare", *apart, "sh", "-c", enter, "enter", *chroot]


def build(folder: Path, lent: list[Path]) -> Stage:
    """Every stage of the Dockerfile; returns the last."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for instruction, words in instructions((PROJECT / "docker" / "Dockerfile").read_text()):
        print(f"--- {instruction} {words}", flush=True)
        if instruction == "FROM":
            found = DEBIAN.fullmatch(words)
            if not found:
                raise SystemExit(f"unknown image: {words}")
            name = found[1] or "image"
            stage = stages[name] = Stage(_fresh(folder / name), lent)
        elif stage is None:
            raise SystemExit(f"{instruction} before FROM")
        else:
            _follow(stage, instruction, words, stages)
    if stage is None:
        raise SystemExit("the Dockerfile has no stage")
    return stage


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The Dockerfile's lines, without comments, as instruction and the rest."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip() and not line.startswith("#"):
            instruction, _, words = line.partition(" ")
            yield instruction, words


def _follow(stage: Stage, instruction: str, words: str, stages: dict[str, Stage]) -> None:
    match instruction:
        case "WORKDIR":
            stage.folder = words
            stage.inside(".").mkdir(parents=True, exist_ok=True)
        case "ENV":
            for pair in shlex.split(words):
                name, _, value = pair.partition("=")
                stage.environ[name] = value.replace(f"${name}", stage.environ.get(name, ""))
        case "USER":
            stage.user = words
        case "RUN":
            stage.run(words)
        case "COPY" if words.startswith("--from="):
            other, source, target = words.removeprefix("--from=").split()
            shutil.copytree(stages[other].inside(source), stage.inside(target), symlinks=True, dirs_exist_ok=True)
        case "COPY":
            *sources, target = words.split()
            _copy(stage, sources, target)
        case "ENTRYPOINT" | "CMD":
            stage.starts[instruction] = json.loads(words)
        case _ if instruction != "EXPOSE":
            raise SystemExit(f"unknown instruction: {instruction}")


def _copy(stage: Stage, sources: list[str], target: str) -> None:
    """Files of the project: a folder brings what is in it, a file keeps its name."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    context = [Path(name) for name in files.split("\0") if name]
    for source in sources:
        for path in context:
            if source in {".", str(path.parent)} or Path(source) in path.parents:
                copied = path.relative_to(source)
            elif path.match(source):
                copied = Path(path.name) if target.endswith("/") or stage.inside(target).is_dir() else Path()
            else:
                continue
            there = stage.inside(target) / copied
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / path, there)


def _fresh(root: Path) -> Path:
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    mirror = subprocess.run(targets, check=True, capture_output=True, text=True).stdout.split()[0]
    told = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout.splitlines()
    options = [line for line in told if line.startswith("Acquire::")]
    root.parent.mkdir(parents=True, exist_ok=True)
    made = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", SUITE, str(root), f"deb {mirror} {SUITE} main"]
    subprocess.run(made, check=True)
    (root / "etc/apt/apt.conf.d/01as-outside").write_text("\n".join([*options, ""]))
    shutil.copy(RESOLVER, root / RESOLVER.relative_to("/"))
    if "SSL_CERT_FILE" in os.environ:
        shutil.copy(os.environ["SSL_CERT_FILE"], root / TRUSTED.relative_to("/"))
    return root


def _ways_out() -> dict[str, str]:
    """What programs in the root need of this machine's environment to fetch packages."""
    found = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "http", "HTTP"))}
    trusted = {"SSL_CERT_FILE": str(TRUSTED), "PIP_CERT": str(TRUSTED)} if "SSL_CERT_FILE" in os.environ else {}
    return found | trusted


def try_out(stage: Stage) -> dict[str, Any]:
    """Start the image, wait until it is healthy, call it, stop it; how it was."""
    start = shlex.join(stage.starts["ENTRYPOINT"] + stage.starts["CMD"])
    service = subprocess.Popen(stage.entered("--mount", "--net", command=f"exec {start}", environ={}))
    begun_s = time.monotonic()
    try:
        while _beside(service, stage, f"{shlex.join(_health_check())} 2>/dev/null").returncode:
            if service.poll() is not None or time.monotonic() - begun_s > HEALTHY_WITHIN_S:
                raise SystemExit("the service in the image did not become healthy")
            time.sleep(0.5)
        healthy_s = round(time.monotonic() - begun_s, 1)
        called = _beside(service, stage, "python -m telephony.wire.caller", json.dumps(CALL))
        report = json.loads(called.stdout.splitlines()[-1])
        if called.returncode or report["steps"][1]["agent_first_ms"] is None:
            raise SystemExit(f"a caller had no answer: {report}")
    finally:
        service.send_signal(signal.SIGTERM)
        code = service.wait()
    if code:
        raise SystemExit(f"the service in the image ended with code {code}")
    return {"healthy_s": healthy_s, "agent_talks": len(report["talks"]), "packets_lost": report["packets_lost"]}


def _beside(service: subprocess.Popen[bytes], stage: Stage, command: str, said: str = "") -> Any:
    network = ["nsenter", f"--net=/proc/{service.pid}/ns/net"]
    entered = stage.entered("--mount", command=command, environ={})
    return subprocess.run([*network, *entered], input=said, stdout=subprocess.PIPE, text=True, check=False)


def _health_check() -> list[str]:
    compose = (PROJECT / "docker" / "compose.yml").read_text()
    told = next(line for line in compose.splitlines() if "healthz" in line)
    command: list[str] = json.loads(told.partition("test:")[2])[1:]
    return command


if __name__ == "__main__":
    built = build(Path(sys.argv[1]).resolve(), [Path(name).resolve() for name in sys.argv[2:]])
    built.run("offhook check")
    print(json.dumps({"image": str(built.root), **try_out(built)}))
