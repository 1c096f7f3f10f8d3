"""What a vendor's server answers when it is only looked at. Rule: a key goes only as its protocol has it.

Three protocols have a list of models: OpenAI's, Gemini's by the same words, and Anthropic's. The list need not name
every model that is served (aliases, tags): one that is not in it is asked for by name.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from socket import gaierror
from typing import Any, Final
from urllib.parse import quote

from telephony.secret import Secret

ANSWER_S: Final = 5.0
MOST_BYTES: Final = 16 << 20
FOUND: Final = 200
NO_HTTP: Final = "it does not speak plain HTTP: https:// instead of http://?"
BAD_REQUEST: Final = 400
BEARER: Final = {"authorization": "Bearer {key}"}
ANTHROPIC: Final = {"x-api-key": "{key}", "anthropic-version": "2023-06-01"}
LISTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "openai": ("/models", BEARER),
    "openai-files": ("/models", BEARER),
    "gemini": ("/models", BEARER),
    "anthropic": ("/v1/models", ANTHROPIC),
}


@dataclass(frozen=True, slots=True)
class Answered:
    """A status and its body; without a status nobody answered, and `trouble` says why."""

    status: int | None
    body: bytes = b""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ModelList:
    """The list of models at an address, in the words of a protocol that has one."""

    url: str
    protocol: str
    key: Secret | None

    @property
    def place(self) -> str:
        """Where it is."""
        return f"{self.url.rstrip('/')}{LISTS[self.protocol][0]}"

    def read(self) -> Answered:
        """The whole list."""
        return looked_at(f"{self.place}?limit=1000" if self.protocol == "anthropic" else self.place, self._headers)

    def has(self, model: str) -> bool:
        """Whether the server knows this model, asked by its name."""
        return looked_at(f"{self.place}/{quote(model, safe='/:')}", self._headers).status == FOUND

    @property
    def _headers(self) -> dict[str, str]:
        if self.key is None:
            return {}
        return {name: value.format(key=self.key.reveal()) for name, value in LISTS[self.protocol][1].items()}


def models_in(body: bytes) -> list[str] | None:
    """The names in a list of models; None when it is no such list."""
    try:
        listed: Any = json.loads(body)
        # One vendor answers with the bare list.
        entries = listed["data"] if isinstance(listed, dict) else listed
        return [str(entry["id"]).removeprefix("models/") for entry in entries]
    except (ValueError, KeyError, TypeError):
        return None


def looked_at(url: str, headers: Mapping[str, str] | None = None) -> Answered:
    """What a GET is answered. Redirects are not followed: they would take the key along."""
    url = url.replace("ws", "http", 1) if url.startswith("ws") else url
    request = urllib.request.Request(url, headers=dict(headers or {}))
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as response:
            return Answered(int(response.status), response.read(MOST_BYTES))
    except urllib.error.HTTPError as answer:
        wants_tls = answer.code == BAD_REQUEST and url.startswith("http:") and b"HTTPS" in answer.read(MOST_BYTES)
        return Answered(None, trouble=NO_HTTP) if wants_tls else Answered(answer.code)
    except (OSError, http.client.HTTPException) as error:
        return Answered(None, trouble=_why(error.reason if isinstance(error, urllib.error.URLError) else error))


def _why(error: object) -> str:
    match error:
        case gaierror():
            return "there is no such host"
        case ConnectionRefusedError():
            return "nobody listens there"
        case TimeoutError():
            return f"no answer within {ANSWER_S:.0f} s"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "it does not speak TLS: http:// instead of https://?"
        case ConnectionResetError() | http.client.HTTPException():
            return NO_HTTP
        case OSError(strerror=str(words)):
            return words
        case _:
            return str(error)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Leave the redirect as the answer."""
