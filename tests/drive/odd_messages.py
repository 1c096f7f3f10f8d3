"""INVITEs and others that are odd in the ways of RFC 4475, made from one that is not. Rule: a name says what is odd.

Some are right and must be understood, some are wrong and may be refused or dropped; none may harm.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

Odd = Iterator[tuple[str, bytes]]


class Message(Protocol):
    """A message with another first line, or other fields."""

    def __call__(self, first: str = ..., fields: list[str] = ...) -> bytes: ...


Changed = Callable[[str, str], list[str]]


def odd_messages(invite: str) -> Odd:
    """Each way to be odd, and the message; `invite` is right."""
    head, _, body = invite.partition("\r\n\r\n")
    start, *lines = head.split("\r\n")

    def message(first: str = start, fields: list[str] = lines) -> bytes:
        return ("\r\n".join([first, *fields]) + "\r\n\r\n" + body).encode()

    def changed(name: str, value: str) -> list[str]:
        return [f"{name}: {value}" if line.startswith(f"{name}:") else line for line in lines]

    yield from _right(message, lines, start)
    yield from _wrong_fields(message, changed)
    yield from _wrong_starts(message, changed, start)
    yield "two messages in one datagram", message() + message()
    yield "a response that nobody asked for", message("SIP/2.0 200 OK")
    yield "a response with a code of ten digits", message("SIP/2.0 4294967301 Too much")
    yield "a response without a reason", message("SIP/2.0 100 ")
    yield "a request of the year 1999", message(fields=[line.partition(";branch")[0] for line in lines])


def _right(message: Message, lines: list[str], start: str) -> Odd:
    short = {
        "Via": "v",
        "From": "f",
        "To": "t",
        "Call-ID": "i",
        "Contact": "m",
        "Content-Type": "c",
        "Content-Length": "l",
    }
    names = [line.partition(":") for line in lines]
    yield "short names", message(fields=[f"{short.get(name, name)}:{value}" for name, _, value in names])
    yield "wide spaces", message(fields=[f"{name} \t :  {value} " for name, _, value in names])
    yield "folded lines", message(fields=[f"{name}:\r\n {value}" for name, _, value in names])
    yield "shouted names", message(fields=[f"{name.upper()}:{value}" for name, _, value in names])
    yield "unknown fields", message(fields=[*lines, "Nobody-Knows: ;;,,;;,;", "X-Unusual: \u6f22"])
    yield "escaped letters in the address", message(start.replace("sip:1000@", "sip:%31000@"))
    yield "quotes within quotes", message(fields=_from(lines, '"\\"\\\\ <sip:x@y>\\""'))
    yield "an unknown extension that must be known", message(fields=[*lines, "Require: nothing-is-so"])
    yield "a proxy that must know it", message(fields=[*lines, "Proxy-Require: nothing-is-so"])


def _wrong_fields(message: Message, changed: Changed) -> Odd:
    yield "a body longer than it is", message(fields=changed("Content-Length", "9999"))
    yield "a body shorter than it is", message(fields=changed("Content-Length", "10"))
    yield "a body of negative length", message(fields=changed("Content-Length", "-999"))
    yield "a length that is no number", message(fields=changed("Content-Length", "many"))
    yield "a count too large for 32 bits", message(fields=changed("CSeq", "36893488147419103232 INVITE"))
    yield "a count of another method", message(fields=changed("CSeq", "8 BYE"))
    yield "hops without end", message(fields=changed("Max-Forwards", "99999999999999999999"))
    yield "no hops left", message(fields=changed("Max-Forwards", "0"))
    yield "a quote that does not end", message(fields=changed("To", '"Nobody <sip:1000@127.0.0.1>'))
    yield "commas and semicolons for nothing", message(fields=changed("Via", ";;,;,, SIP/2.0/UDP 127.0.0.1;;,;,,"))
    yield "an empty branch", message(fields=changed("Via", "SIP/2.0/UDP 127.0.0.1:9;branch="))
    yield "a transport that is none", message(fields=changed("Via", "SIP/2.0/PIGEON 127.0.0.1:9;branch=z9hG4bKx"))
    yield "a broadcast to answer to", message(fields=changed("Via", "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKb"))
    yield (
        "a contact with headers outside of brackets",
        message(fields=changed("Contact", "sip:a@127.0.0.1?Route=%3Csip:x%3E")),
    )
    yield "a contact of no known scheme", message(fields=changed("Contact", "<nobody:knows>"))
    yield "a sender who is nobody", message(fields=changed("From", ""))
    yield "a call without a name", message(fields=changed("Call-ID", ""))


def _wrong_starts(message: Message, changed: Changed, start: str) -> Odd:
    target = start.split()[1]
    yield "an address in brackets", message(f"INVITE <{target}> SIP/2.0")
    yield "an address with a space", message(f"INVITE {target}; lr SIP/2.0")
    yield "spaces between the words", message(f"INVITE  {target}  SIP/2.0")
    yield "a space at the end", message(f"{start}  ")
    yield "another version", message(f"INVITE {target} SIP/7.0")
    yield "an unknown scheme", message("INVITE nobodyKnowsThisScheme:opaque SIP/2.0")
    yield "an address with headers", message(f"INVITE {target}?Route=%3Csip:example.com%3E SIP/2.0")
    yield "an unknown method", message(f"!interesting-Method0123456789_*+`.%indeed'~ {target} SIP/2.0")
    yield "a method that is not its count's", message(f"OPTIONS {target} SIP/2.0", changed("CSeq", "3 INVITE"))
    yield "no address", message("INVITE SIP/2.0")


def _from(lines: list[str], name: str) -> list[str]:
    return [f"From: {name} <{line.partition('<')[2]}" if line.startswith("From:") else line for line in lines]
