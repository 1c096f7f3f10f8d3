"""`offhook reload`: a running service reads its dialplan anew. Rule: it asks the control API, and prints."""

import ssl
from pathlib import Path
from typing import Final, TextIO

import httpx
import msgspec

from telephony.control.answers import ErrorBody
from telephony.control.reloads import DialplanObject
from telephony.settings import ControlSettings

TIMEOUT_S: Final = 60.0  # a dialplan's voices are warmed up before it holds
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def run(control: ControlSettings, key_file: Path | None, stream: TextIO, complaints: TextIO) -> int:
    """Print what changes for calls to come; 1, and the reason, when nothing does because it cannot."""

    def refused(reason: str) -> int:
        print(f"offhook: {reason}", file=complaints)
        return 1

    if not control.is_on:
        return refused("the control API is off in these settings: send SIGHUP to the service instead")
    url = _url(control)
    try:
        headers = {"authorization": f"Bearer {key_file.read_text().strip()}"} if key_file else {}
        with httpx.Client(trust_env=False, verify=_trust(control), timeout=TIMEOUT_S) as client:
            answer = client.post(url, headers=headers)
    except OSError as error:
        return refused(f"{key_file} cannot be read: {error.strerror}")
    except httpx.HTTPError as error:
        return refused(f"no service answers at {url} ({type(error).__name__}): does it run, and with these settings?")
    if answer.is_success:
        told = msgspec.json.decode(answer.content, type=DialplanObject)
        print("\n".join(told.changes) or "nothing has changed", file=stream)
        return 0
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return refused("the service wants a key: write one of [control] keys into a file, and name it by --key-file")
    return refused(msgspec.json.decode(answer.content, type=ErrorBody).error.message)


def _url(control: ControlSettings) -> str:
    scheme, port = ("http", control.port) if control.port is not None else ("https", control.tls_port)
    host = _EVERYWHERE.get(control.bind_address, control.bind_address)
    return f"{scheme}://{host}:{port}/v1/dialplan/reload"


def _trust(control: ControlSettings) -> ssl.SSLContext:
    """The service's own certificate is enough, whatever its name: it is reached by address, on this machine."""
    trust = ssl.create_default_context(cafile=control.tls_certificate)
    trust.check_hostname = False
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trust
