"""Owns the static build of pjproject: prints the path of a built tree, and builds it if need be.

Rule: a finished tree in the cache never changes; its name says what went into it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
VERSION = (2, 17)
CFLAGS = "-O2 -fPIC -DNDEBUG"
PRODUCTS = shutil.ignore_patterns(".git", "*.o", "*.a", "*.depend")

# Debian's archive has no third-party sources: Debian's libraries take their place, and what has none is left out.
CONFIGURE = (
    "--enable-epoll",
    "--disable-video",
    "--disable-sound",
    "--with-external-srtp",
    "--with-external-speex",
    "--with-external-gsm",
    "--enable-libsamplerate",
    *(
        f"--disable-{name}"
        for name in (
            "ilbc-codec",
            "g7221-codec",
            "silk",
            "bcg729",
            "lyra",
            "opencore-amr",
            "libwebrtc",
            "libyuv",
            "ffmpeg",
            "openh264",
            "vpx",
            "v4l2",
            "sdl",
            "upnp",
        )
    ),
)
# A driver for a sound device, without its sources in Debian's archive, and without use here.
ABSENT = Path("pjmedia/src/pjmedia-audiodev/bdimad_dev.c")


def main() -> None:
    """`pjproject.py CACHE SOURCE` prints the path of the tree built from SOURCE."""
    cache, source = Path(sys.argv[1]), Path(sys.argv[2])
    tree = cache / "pjproject" / recipe(source)
    finished = tree / "finished"
    if not finished.exists():
        shutil.rmtree(tree, ignore_errors=True)
        unpack(source, tree)
        check_version(tree)
        prepare(tree)
        build(tree)
        finished.touch()
    print(tree)


def recipe(source: Path) -> str:
    """A name for everything that decides how the tree turns out."""
    digest = hashlib.sha256()
    for ingredient in (content_of(source), Path(__file__).read_bytes(), machine()):
        digest.update(ingredient)
    for file in sorted([HERE / "config_site.h", *HERE.glob("*.patch")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def content_of(source: Path) -> bytes:
    """The digest of an archive, or of a tree's files and their names."""
    digest = hashlib.sha256()
    ignored = re.compile(r"\.(o|a|depend)$|/\.git/")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    for file in files:
        name = f"/{file.relative_to(source)}"
        if not ignored.search(name):
            digest.update(name.encode() + file.read_bytes())
    return digest.digest()


def machine() -> bytes:
    """The compiler and the system whose libraries are linked."""
    compiler = output("g++", "-dumpfullversion", "-dumpmachine")
    system = platform.freedesktop_os_release()
    return f"{compiler}{system.get('ID')}{system.get('VERSION_ID', system.get('VERSION_CODENAME'))}".encode()


def unpack(source: Path, tree: Path) -> None:
    """Copies the sources. They are built where they stay: the makefiles name the tree by its full path."""
    if source.is_dir():
        shutil.copytree(source, tree, symlinks=True, ignore=PRODUCTS)
    else:
        tree.mkdir(parents=True)
        output("tar", "--extract", f"--file={source}", f"--directory={tree}", "--strip-components=1")
    if not (tree / "version.mak").exists():
        raise failure(f"{source} is no pjproject: it has no version.mak")


def check_version(tree: Path) -> None:
    """Refuses what is older than the API used here, and warns of what is newer."""
    text = (tree / "version.mak").read_text()
    parts = [re.search(rf"PJ_VERSION_{part}\s*:=\s*(\d+)", text) for part in ("MAJOR", "MINOR")]
    version = tuple(int(part[1]) for part in parts if part)
    name = ".".join(map(str, version))
    if version < VERSION:
        raise failure(f"this is pjproject {name or 'of unknown version'}; version 2.17 is needed")
    if version > VERSION:
        say(f"this is pjproject {name}; this project was tested with 2.17")


def prepare(tree: Path) -> None:
    """Puts our limits, changes and stand-ins into the sources."""
    shutil.copy(HERE / "config_site.h", tree / "pjlib/include/pj/config_site.h")
    if not (tree / ABSENT).exists():
        (tree / ABSENT).touch()
    for patch in sorted(HERE.glob("*.patch")):
        output("patch", "--strip=1", "--forward", "--batch", f"--directory={tree}", f"--input={patch}")


def build(tree: Path) -> None:
    """Configures and compiles the static libraries."""
    say("building pjproject (half a minute on two cores)")
    flags = [f"CFLAGS={CFLAGS}", f"CXXFLAGS={CFLAGS}"]
    output("./aconfigure", *flags, *CONFIGURE, cwd=tree)
    output("make", f"--jobs={os.cpu_count() or 1}", "lib", cwd=tree)
    for compiled in tree.rglob("*.o"):
        compiled.unlink()


def output(*command: str, cwd: Path | None = None) -> str:
    """What `command` prints; its last words, if it fails."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd)
    except FileNotFoundError:
        raise failure(f"{command[0]} is missing; docker/packages.txt says what a build needs") from None
    except subprocess.CalledProcessError as fault:
        words = (fault.stdout + fault.stderr).strip().splitlines()
        raise failure("\n  ".join([f"{' '.join(command[:2])} failed:", *words[-20:]])) from None
    return done.stdout


def say(message: str) -> None:
    """Tells the person who waits."""
    print(f"pjsua2: {message}", file=sys.stderr)


def failure(message: str) -> SystemExit:
    """What ends this and says what to do."""
    return SystemExit(f"pjsua2: {message}")


if __name__ == "__main__":
    main()
