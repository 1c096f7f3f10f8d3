"""Who gets in, by whatever header their SDK sends."""

import base64

import pytest

from telephony.control.auth import Keyring, is_local, offered_keys, refusal
from telephony.secret import AccessKey

KEYS = Keyring([AccessKey("first"), AccessKey("open:sesame")])


def basic(words: str) -> bytes:
    return b"Basic " + base64.b64encode(words.encode())


@pytest.mark.parametrize(
    "field",
    [
        (b"authorization", b"Bearer first"),
        (b"Authorization", b"bearer  first"),
        (b"api-key", b"first"),
        (b"authorization", b"Basic first"),
        (b"authorization", basic("first")),
        (b"authorization", basic("anyone:first")),
        (b"authorization", basic("first:")),
        (b"authorization", basic("open:sesame")),
        (b"sec-websocket-protocol", b"realtime, openai-insecure-api-key.first"),
    ],
)
def test_a_key_opens_however_it_is_sent(field: tuple[bytes, bytes]) -> None:
    assert KEYS.opens_for(offered_keys([(b"host", b"x"), field]))


@pytest.mark.parametrize(
    "field",
    [
        (b"authorization", b"Bearer second"),
        (b"authorization", b"Bearer "),
        (b"authorization", b"first"),
        (b"authorization", b"Basic \xff\xfe"),
        (b"x-api-key", b"first"),
        (b"sec-websocket-protocol", b"first, realtime"),
    ],
)
def test_anything_else_does_not(field: tuple[bytes, bytes]) -> None:
    assert not KEYS.opens_for(offered_keys([field]))


@pytest.mark.parametrize(
    ("peer", "fields", "local"),
    [
        ("127.0.0.1", [(b"host", b"localhost:8080")], True),
        ("::1", [(b"host", b"[::1]:8080")], True),
        ("::ffff:127.0.0.1", [], True),
        ("127.0.0.1", [(b"host", b"127.0.0.1"), (b"origin", b"http://localhost:3000")], True),
        ("192.0.2.7", [(b"host", b"localhost")], False),
        (None, [], False),
        ("127.0.0.1", [(b"host", b"rebound.example.com:8080")], False),
        ("127.0.0.1", [(b"host", b"localhost"), (b"origin", b"https://example.com")], False),
        ("127.0.0.1", [(b"host", b"localhost"), (b"origin", b"null")], False),
    ],
)
def test_only_this_machine_is_local(peer: str | None, fields: list[tuple[bytes, bytes]], local: bool) -> None:
    assert is_local(peer, fields) is local


def test_who_is_refused_learns_why_and_not_what_the_key_was() -> None:
    wrong, none = refusal(["sk-secret"]), refusal([])

    assert (wrong.status, wrong.code, none.code) == (401, "invalid_api_key", "invalid_api_key")
    assert "sk-secret" not in wrong.message
    assert wrong.message != none.message
