"""Owns the Python module: prints the path of its wheel for the interpreter that runs this, and builds it if need be.

Rule: one self-contained module; it links pjproject statically and names no library but the system's.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# What SWIG writes is megabytes of glue, twice as quick to compile so; what counts samples is in sources of its own.
GLUE_OPTIMISATION, OPTIMISATION = "-O1", "-O3"
SWIG = ("swig", "-c++", "-python", "-threads", "-w312")
LINK = ("-shared", "-s", "-Wl,-Bsymbolic", "-Wl,--exclude-libs,ALL", "-Wl,--no-undefined-version", "-Wl,--as-needed")
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """`binding.py CACHE TREE FOLDER...` prints the path of the wheel of TREE's pjsua2 with our sources in it."""
    cache, tree, *folders = (Path(argument).resolve() for argument in sys.argv[1:])
    folder = cache / "wheels" / recipe(tree, folders)
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        check_headers()
        with tempfile.TemporaryDirectory(prefix="offhook-pjsua2-") as work:
            files = compile_module(tree, folders, Path(work))
        folder.mkdir(parents=True, exist_ok=True)
        wheel = write_wheel(folder, f"{version_of(tree)}+offhook.{folder.name[:8]}", files)
    print(wheel)


def recipe(tree: Path, folders: list[Path]) -> str:
    """A name for everything that decides how the wheel turns out."""
    digest = hashlib.sha256(tree.name.encode())
    for file in [Path(__file__), *sources(folders)]:
        digest.update(file.name.encode() + file.read_bytes())
    interpreter = (sys.version, sysconfig.get_config_var("EXT_SUFFIX"), sysconfig.get_path("include"))
    digest.update(repr(interpreter).encode())
    return digest.hexdigest()[:16]


def sources(folders: list[Path]) -> list[Path]:
    """Our own C++ and interface files."""
    return sorted(file for folder in folders for file in folder.iterdir() if file.suffix in {".hpp", ".cpp", ".i"})


def check_headers() -> None:
    """Refuses an interpreter that came without its C headers."""
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        raise failure(f"{sys.executable} came without its C headers: install python3-dev")


def version_of(tree: Path) -> str:
    """The version of pjproject, without a suffix."""
    text = (tree / "version.mak").read_text()
    return ".".join(re.findall(r"PJ_VERSION_(?:MAJOR|MINOR|REV)\s*:=\s*(\d+)", text))


def compile_module(tree: Path, folders: list[Path], work: Path) -> dict[str, bytes]:
    """The files of the module: what SWIG writes in Python, and the library beneath it."""
    say("building pjsua2 (a minute on two cores)")
    flags = make_variables(tree, "PJ_CXXFLAGS", "PJ_LDXXFLAGS", "PJ_LDXXLIBS")
    include = [flag for flag in flags["PJ_CXXFLAGS"] if flag.startswith(("-I", "-D"))]
    glue = work / "pjsua2_wrap.cpp"
    interface = next(file for file in sources(folders) if file.suffix == ".i")
    own = [f"-I{folder}" for folder in folders]
    search = [*(flag for flag in include if flag.startswith("-I")), f"-I{tree}/pjsip-apps/src/swig", *own]
    run(*SWIG, *search, "-o", str(glue), str(interface))
    units = {glue: GLUE_OPTIMISATION} | {cpp: OPTIMISATION for cpp in sources(folders) if cpp.suffix == ".cpp"}
    python_headers = f"-I{sysconfig.get_path('include')}"
    compile_one = ("g++", "-std=c++17", "-fPIC", "-DNDEBUG", *include, python_headers, *own, "-c")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(run, *compile_one, level, str(unit), cwd=work) for unit, level in units.items()]
        for job in jobs:
            job.result()
    library = f"_pjsua2{sysconfig.get_config_var('EXT_SUFFIX')}"
    objects = [f"{unit.stem}.o" for unit in units]
    run("g++", *LINK, "-o", library, *objects, *flags["PJ_LDXXFLAGS"], *flags["PJ_LDXXLIBS"], cwd=work)
    return {name: (work / name).read_bytes() for name in ("pjsua2.py", library)}


def make_variables(tree: Path, *names: str) -> dict[str, list[str]]:
    """The words of variables that pjproject's build.mak has for those who link it."""
    makefile = "include build.mak\n" + "".join(f"$(info {name} $({name}))\n" for name in names) + "all: ;\n"
    printed = run("make", "--no-print-directory", "--file=-", "all", cwd=tree, stdin=makefile)
    lines = (shlex.split(line) for line in printed.splitlines() if line)
    return {words[0]: words[1:] for words in lines if words[0] in names}


def write_wheel(folder: Path, version: str, files: Mapping[str, bytes]) -> Path:
    """Writes `files` (archive name -> content) as a wheel into `folder`; returns its path."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"{python}-{python}-{system}"
    about = f"pjsua2-{version}.dist-info"
    content = dict(files)
    content[f"{about}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: pjsua2\nVersion: {version}\nLicense: GPL-3.0-or-later\n"
        "Summary: pjproject's SIP user agent library, with RingPort\n"
    ).encode()
    content[f"{about}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: offhook\nRoot-Is-Purelib: false\nTag: {tag}\n"
    ).encode()
    content[f"{about}/RECORD"] = record(content, f"{about}/RECORD").encode()
    wheel = folder / f"pjsua2-{version}-{tag}.whl"
    unfinished = wheel.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in content.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), body, zipfile.ZIP_DEFLATED)
    unfinished.rename(wheel)
    return wheel


def record(content: Mapping[str, bytes], own_name: str) -> str:
    """The list of a wheel's files with their digests and lengths."""
    lines = []
    for name, body in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(body)}\n")
    return "".join(lines) + f"{own_name},,\n"


def run(*command: str, cwd: Path | None = None, stdin: str = "") -> str:
    """What `command` prints; its last words, if it fails."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd, input=stdin)
    except FileNotFoundError:
        raise failure(f"{command[0]} is missing; docker/packages.txt says what a build needs") from None
    except subprocess.CalledProcessError as fault:
        words = (fault.stdout + fault.stderr).strip().splitlines()
        raise failure("\n  ".join([f"{command[0]} failed:", *words[-20:]])) from None
    return done.stdout


def say(message: str) -> None:
    """Tells the person who waits."""
    print(f"pjsua2: {message}", file=sys.stderr)


def failure(message: str) -> SystemExit:
    """What ends this and says what to do."""
    return SystemExit(f"pjsua2: {message}")


if __name__ == "__main__":
    main()
