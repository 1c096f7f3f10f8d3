"""A registrar with digest authentication (RFC 3261 section 22, RFC 2617). Rule: it checks what it is sent."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

from tests.drive.raw_sip import RawSip

Mood = Literal["asks_who", "forbids", "is_silent", "is_overloaded"]
Algorithm = Literal["MD5", "SHA-256"]


@dataclass(frozen=True)
class Binding:
    """One REGISTER that was let in."""

    contact: str
    expires_s: int


class Registrar(RawSip):
    """Takes one user; `mood` may change during the story."""

    def __init__(
        self,
        username: str = "alice",
        password: str = "secret",
        mood: Mood = "asks_who",
        *,
        algorithm: Algorithm = "MD5",
        address: str = "127.0.0.1",
    ) -> None:
        super().__init__(address)
        self._algorithm = algorithm
        self.mood: Mood = mood
        self.grants_s: int | None = None  # instead of what was asked for
        self.bindings: list[Binding] = []
        self.attempts = 0
        self.calls: list[str] = []
        self._username = username
        self._password = password
        self._asked = asyncio.Event()

    @property
    def uri(self) -> str:
        return f"sip:{self.address}:{self.port}"

    async def attempted(self, times: int) -> None:
        """Wait for so many REGISTERs."""
        while self.attempts < times:
            self._asked.clear()
            await self._asked.wait()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        super().datagram_received(data, addr)
        request = data.decode()
        if not request.startswith("REGISTER "):
            return
        self.attempts += 1
        self._asked.set()
        reply = self._reply(request)
        if reply:
            self._open.sendto(reply.encode(), addr)

    def _reply(self, request: str) -> str:
        if self.mood == "is_silent":
            return ""
        if self.mood == "forbids":
            return _response(request, "403 Forbidden")
        if self.mood == "is_overloaded":
            return _response(request, "503 Service Unavailable")
        credentials = _field(request, "Authorization")
        if not credentials or not self._is_right(credentials):
            challenge = f'WWW-Authenticate: Digest realm="trunk", nonce="n0nce", algorithm={self._algorithm}\r\n'
            return _response(request, "401 Unauthorized", challenge)
        contact = _field(request, "Contact")
        expires = int(_field(request, "Expires") or 0)
        if self.grants_s is not None and expires:
            expires = self.grants_s
        self.bindings.append(Binding(contact, expires))
        return _response(request, "200 OK", f"Contact: {contact.partition(';expires')[0]};expires={expires}\r\n")

    def _is_right(self, credentials: str) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', credentials))
        ours = digest(f"{self._username}:trunk:{self._password}", self._algorithm)
        asked = digest("REGISTER:" + said.get("uri", ""), self._algorithm)
        expected = digest(f"{ours}:{said.get('nonce', '')}:{asked}", self._algorithm)
        return said.get("username") == self._username and said.get("response") == expected


def digest(text: str, algorithm: Algorithm) -> str:
    """In hexadecimal, as digest authentication has it (RFC 7616 section 3.4)."""
    if algorithm == "MD5":
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def _field(message: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(.*?)\r$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _response(request: str, status: str, extra: str = "") -> str:
    kept = "".join(f"{name}: {_field(request, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
    return f"SIP/2.0 {status}\r\n{kept}To: {_field(request, 'To')};tag=reg\r\n{extra}Content-Length: 0\r\n\r\n"
