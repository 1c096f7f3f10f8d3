"""The control API's section of the settings. Rule: what is not reachable from elsewhere needs no key; all else does."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from telephony.secret import AccessKey, Secret

Port = Annotated[int, Meta(ge=0, le=65_535)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """Where applications reach us. Port 0 is any free port, "off" no listener.

    `keys` are keys, `env:NAME` or `sha256:HEX`; without any only this machine is served. `webhook_secret` signs what we
    send to applications; `public_url` is how they reach us, when that is not where we listen.
    """

    bind_address: str = "127.0.0.1"
    port: Port | None = 8_080
    tls_port: Port | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    keys: tuple[AccessKey, ...] = ()
    max_sessions: Annotated[int, Meta(ge=1)] = 200
    session_max_s: Annotated[int, Meta(ge=1)] = 3_600
    webhook_secret: Secret | None = None
    public_url: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything listens."""
        return self.port is not None or self.tls_port is not None


def broken(control: ControlSettings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The fields that go ill together, what is wrong with the first of them, and what would do."""
    try:
        ipaddress.ip_address(control.bind_address)
    except ValueError:
        yield ("bind_address",), "is no IP address", "127.0.0.1 for this machine alone, 0.0.0.0 for all"
    if control.tls_port is not None:
        for name in ("tls_certificate", "tls_key"):
            if getattr(control, name) is None:
                yield (name, "tls_port"), "is missing, but there is a TLS port", "a PEM file"
    for name in ("tls_certificate", "tls_key"):
        path = getattr(control, name)
        if path is not None and not path.is_file():
            yield (name,), "is no file", ""
    if control.port and control.port == control.tls_port:
        yield ("tls_port", "port"), "is the port of plain HTTP too", ""
    if control.public_url is not None and urlsplit(control.public_url).scheme not in ("http", "https"):
        yield ("public_url",), "is no web address", "https://HOST"
