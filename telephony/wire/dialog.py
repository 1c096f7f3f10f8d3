"""One SIP dialog's identity (RFC 3261 section 12). Rule: it writes messages and remembers tags, and sends nothing."""

import secrets
from dataclasses import dataclass, field

from telephony.wire.message import Fields, Request, Response, bare_uri, cseq, parameter, value, values
from telephony.wire.transport import Address, Link

MAGIC_COOKIE = "z9hG4bK"
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY"
SDP_TYPE = "application/sdp"


@dataclass(slots=True)
class Dialog:
    """Who talks to whom; `target` and `routes` say where in-dialog requests go."""

    call_id: str
    local: str
    remote: str
    target: str
    contact: str
    routes: tuple[str, ...] = ()
    sequence: int = field(default=0)

    @property
    def next_hop(self) -> str:
        """The URI whose host and port a request is sent to."""
        return bare_uri(self.routes[0]) if self.routes else self.target

    @property
    def replaces(self) -> str:
        """How a third party names it to the far end, whose place it is to take (RFC 3891)."""
        return f"{self.call_id};to-tag={parameter(self.remote, 'tag')};from-tag={parameter(self.local, 'tag')}"

    @property
    def replaces_from_afar(self) -> str:
        """How the far end names it to a third party."""
        return f"{self.call_id};to-tag={parameter(self.local, 'tag')};from-tag={parameter(self.remote, 'tag')}"

    def request(self, method: str, link: Link, fields: Fields = (), body: bytes = b"") -> Request:
        """The next request of the dialog; an ACK takes the number of the INVITE before it."""
        if method != "ACK":
            self.sequence += 1
        return Request(method, self.target, (*self._named(method, link), *fields), body)

    def adopt(self, response: Response) -> None:
        """The answer to our INVITE tells the far end's tag, contact and route."""
        self.remote = value(response, "to") or self.remote
        if contact := value(response, "contact"):
            self.target = bare_uri(contact)
        self.routes = tuple(reversed(values(response, "record-route")))

    def response(self, request: Request, code: int, reason: str, fields: Fields = (), body: bytes = b"") -> Response:
        """An answer to the far end's request, with our tag."""
        return answer(request, code, reason, (("Contact", f"<{self.contact}>"), *fields), body, self.local)

    def _named(self, method: str, link: Link) -> Fields:
        via = f"SIP/2.0/{link.name} {link.local[0]}:{link.local[1]};branch={new_branch()};rport"
        return (
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.sequence} {method}"),
            ("Contact", f"<{self.contact}>"),
            *(("Route", route) for route in self.routes),
        )


def new_branch() -> str:
    """A branch that no other transaction has."""
    return MAGIC_COOKIE + secrets.token_hex(8)


def outgoing(caller: str, uri: str, local: Address, transport: str) -> Dialog:
    """The dialog of a call that we place."""
    host = f"{local[0]}:{local[1]}"
    contact = f"sip:{caller}@{host}" + (";transport=tcp" if transport == "TCP" else "")
    own = f"<sip:{caller}@{host}>;tag={secrets.token_hex(6)}"
    return Dialog(f"{secrets.token_hex(12)}@{local[0]}", own, f"<{uri}>", uri, contact)


def incoming(invite: Request, local: Address, transport: str) -> Dialog:
    """The dialog of a call that comes in."""
    contact = f"sip:{local[0]}:{local[1]}" + (";transport=tcp" if transport == "TCP" else "")
    own = f"{value(invite, 'to')};tag={secrets.token_hex(6)}"
    target = bare_uri(value(invite, "contact")) or bare_uri(value(invite, "from"))
    routes = tuple(values(invite, "record-route"))
    return Dialog(value(invite, "call-id"), own, value(invite, "from"), target, contact, routes)


def answer(
    request: Request, code: int, reason: str, fields: Fields = (), body: bytes = b"", local: str = ""
) -> Response:
    """A response to any request; `local` is our To with its tag."""
    to = value(request, "to")
    if local and not parameter(to, "tag"):
        to = local
    kept: Fields = (
        *(("Via", via) for via in values(request, "via")),
        *(("Record-Route", route) for route in values(request, "record-route")),
        ("From", value(request, "from")),
        ("To", to),
        ("Call-ID", value(request, "call-id")),
        ("CSeq", " ".join(str(part) for part in cseq(request))),
        ("Allow", ALLOW),
    )
    kind: Fields = (("Content-Type", SDP_TYPE),) if body else ()
    return Response(code, reason, (*kept, *fields, *kind), body)


def host_and_port(uri: str, default_port: int = 5060) -> Address:
    """Host and port of a SIP URI or of the address inside one: `sip:100@192.0.2.1:5070;lr` -> (192.0.2.1, 5070)."""
    rest = bare_uri(uri).partition(":")[2]
    place = rest.rpartition("@")[2].partition(";")[0].partition("?")[0]
    host, _, port = place.partition(":")
    return host, int(port) if port.isdigit() else default_port
