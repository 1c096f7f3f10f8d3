"""Owns where the pjproject sources come from: prints the path of an archive or tree, and fetches it if need be.

Rule: the machine's own package sources are read and never changed, and nothing unsigned is taken from them.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE, SUITE, COMPONENT = "asterisk", "sid", "orig-Xpjproject.tar"
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
APT_HELPER = Path("/usr/lib/apt/apt-helper")

# SHA-256 of the archives that this project was tested with.
TESTED = {
    "6860c2f7604b4eee75f38151a9ef69774eb3f0c5286fc1d14bc1db2dc5a9e8aa",  # asterisk 22.10.1+dfsg+~cs6.17.60671434
}

INSTEAD = "Name an archive or tree of pjproject 2.17 instead: PJPROJECT_SOURCE=/path make ..."


def main() -> None:
    """`source.py CACHE` prints the path of what pjproject is to be built from."""
    named = os.environ.get("PJPROJECT_SOURCE")
    if named:
        source = Path(named).expanduser().resolve()
        if not source.exists():
            raise failure(f"PJPROJECT_SOURCE={named}: there is no such archive or tree")
    else:
        folder = Path(sys.argv[1]) / "source"
        source = kept(folder) or from_debian(folder)
    if source.is_file() and sha256(source) not in TESTED:
        say(f"{source.name} is not an archive this project was tested with (sha256 {sha256(source)})")
    print(source)


def kept(folder: Path) -> Path | None:
    """The archive fetched before, if it is still whole; one that was tested goes first."""
    whole = [archive for archive in sorted(folder.glob("*.tar.*")) if archive.name.startswith(sha256(archive))]
    tested = [archive for archive in whole if sha256(archive) in TESTED]
    return next(iter(tested + whole), None)


def from_debian(folder: Path) -> Path:
    """Fetches the component of Debian's source package that holds pjproject."""
    keyring = next((keyring for keyring in KEYRINGS if keyring.exists()), None)
    if keyring is None or not APT_HELPER.exists():
        raise failure(
            f"pjproject comes from Debian by apt and debian-archive-keyring, and this machine lacks one. {INSTEAD}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for mirror in mirrors():
        say(f"looking for pjproject in Debian's source package {PACKAGE} ({SUITE})")
        with tempfile.TemporaryDirectory(prefix="offhook-apt-") as private:
            archive = from_mirror(mirror, keyring, Path(private))
            if archive is not None:
                target = folder / f"{sha256(archive)}.{archive.name}"
                target.write_bytes(archive.read_bytes())
                return target
    raise failure(f"no package source of this machine gave Debian's source package {PACKAGE} of {SUITE}. {INSTEAD}")


def mirrors() -> list[str]:
    """The archives in the machine's apt configuration, without those for security updates alone."""
    targets = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    wanted = [uri for uri in dict.fromkeys(targets) if "security" not in uri]
    # Debian's own path first: any other archive fails the signature check below and only costs time.
    return sorted(wanted, key=lambda uri: not uri.rstrip("/").endswith("/debian"))


def from_mirror(mirror: str, keyring: Path, private: Path) -> Path | None:
    """Downloads the component from `mirror` into `private`, checked by apt against the signed index."""
    private.chmod(0o755)
    sources = private / "sources.list"
    sources.write_text(f"deb-src [signed-by={keyring}] {mirror} {SUITE} main\n")
    apt = ["apt-get", "-q", *options(private, sources)]
    try:
        output(*apt, "update")
        listing = output(*apt, "--print-uris", "--only-source", "source", PACKAGE)
        uri, name, checksum = component(listing)
        output(str(APT_HELPER), *options(private, sources), "download-file", uri, str(private / name), checksum)
    except (subprocess.CalledProcessError, LookupError) as fault:
        reason = (getattr(fault, "stderr", "") or str(fault)).strip().splitlines()
        say(f"{mirror}: {reason[-1] if reason else 'no answer'}")
        return None
    return private / name


def options(private: Path, sources: Path) -> list[str]:
    """Options by which apt uses this one source and keeps everything it writes in `private`."""
    lists, cache = private / "lists", private / "cache"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": lists,
        "Dir::Cache": cache,
        # Root would hand the download to a user who may not write here.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def component(listing: str) -> tuple[str, str, str]:
    """URI, file name and checksum of the component in what `apt-get --print-uris source` prints."""
    for line in listing.splitlines():
        found = re.fullmatch(r"'(\S+)' (\S+) \d+ (SHA(?:256|512):[0-9a-f]+)", line.strip())
        if found and COMPONENT in found[2]:
            return found[1], found[2], found[3]
    raise LookupError(f"its source package {PACKAGE} has no pjproject")


def sha256(archive: Path) -> str:
    """The archive's SHA-256 in hexadecimal."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def output(*command: str) -> str:
    """What `command` prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def say(message: str) -> None:
    """Tells the person who waits."""
    print(f"pjsua2: {message}", file=sys.stderr)


def failure(message: str) -> SystemExit:
    """What ends this and says what to do."""
    return SystemExit(f"pjsua2: {message}")


if __name__ == "__main__":
    main()
