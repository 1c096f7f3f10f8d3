"""SIP transactions (RFC 3261 section 17) in simple form. Rule: a repeated request gets the answer it had.

An unanswered request goes out again after T1, 2 T1, 4 T1 ... and after 64 T1 counts as answered by 408. An INVITE falls
silent at the first provisional response. A request that comes again gets the last response again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

from telephony.wire.message import Message, Request, Response, cseq, parameter, text_of, value
from telephony.wire.transport import Link

T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 64 * T1_S
LINGER_S = 5.0
REMEMBERED = 4_096

Key = tuple[str, str]


class Exchange:
    """One request of ours and its responses."""

    def __init__(self, request: Request, link: Link) -> None:
        self.request = request
        self.link = link
        self._responses: asyncio.Queue[Response] = asyncio.Queue()
        self._answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._begun_s = self._loop.time()
        self._send(T1_S)

    async def responses(self) -> AsyncIterator[Response]:
        """Every response in order; the final one is the last."""
        code = 100
        while code < 200:
            response = await self._responses.get()
            code = response.code
            yield response

    async def final(self) -> Response:
        """The final response."""
        async for response in self.responses():
            if response.code >= 200:
                return response
        raise AssertionError("responses() ends with a final response")

    def take(self, response: Response) -> None:
        """A response came."""
        if response.code >= 200 or self.request.method == "INVITE":
            self.stop()
        if response.code >= 300 and self.request.method == "INVITE":
            self.link.send(text_of(_refusal_ack(self.request, response)))
        self._note(response)

    def stop(self) -> None:
        """Send no more repetitions."""
        if self._timer is not None:
            self._timer.cancel()

    def _note(self, response: Response) -> None:
        if not self._answered:
            self._answered = response.code >= 200
            self._responses.put_nowait(response)

    def _send(self, wait_s: float) -> None:
        left_s = self._begun_s + GIVE_UP_S - self._loop.time()
        if left_s <= 0:
            self._note(Response(408, "Request Timeout", self.request.fields))
            return
        if self._timer is None or self.link.name == "UDP":
            self.link.send(text_of(self.request))
        limit_s = GIVE_UP_S if self.request.method == "INVITE" else T2_S
        self._timer = self._loop.call_later(min(wait_s, left_s), self._send, min(2 * wait_s, limit_s))


class Transactions:
    """All open exchanges, ours and the peers'."""

    def __init__(
        self,
        on_request: Callable[[Request, Link], None],
        on_late_response: Callable[[Response, Link], None],
    ) -> None:
        self._on_request = on_request
        self._on_late_response = on_late_response
        self._ours: dict[Key, Exchange] = {}
        self._theirs: OrderedDict[Key, bytes] = OrderedDict()

    def begin(self, request: Request, link: Link) -> Exchange:
        """Send a request and keep sending it until it is answered."""
        exchange = self._ours[_key(request)] = Exchange(request, link)
        return exchange

    def receive(self, message: Message, link: Link) -> None:
        """A message came."""
        if isinstance(message, Response):
            self._answered(message, link)
        elif message.method == "ACK":
            self._on_request(message, link)
        elif (key := _key(message)) in self._theirs:
            if said := self._theirs[key]:
                link.send(said)
        else:
            self._theirs[key] = b""
            if len(self._theirs) > REMEMBERED:
                self._theirs.popitem(last=False)
            self._on_request(message, link)

    def respond(self, request: Request, response: Response, link: Link) -> bytes:
        """Answer a request; returns what was sent."""
        wire = text_of(response)
        if response.code != 100:
            self._theirs[_key(request)] = wire
        link.send(wire)
        return wire

    def close(self) -> None:
        """Repeat nothing any more."""
        for exchange in self._ours.values():
            exchange.stop()
        self._ours.clear()

    def _answered(self, response: Response, link: Link) -> None:
        key = _key(response)
        exchange = self._ours.get(key)
        if exchange is None:
            self._on_late_response(response, link)
            return
        exchange.take(response)
        if response.code >= 200:
            linger_s = LINGER_S if response.code >= 300 else 0.0
            asyncio.get_running_loop().call_later(linger_s, self._ours.pop, key, None)


def _key(message: Message) -> Key:
    return parameter(value(message, "via"), "branch"), cseq(message)[1]


def _refusal_ack(invite: Request, response: Response) -> Request:
    """The ACK of a refused INVITE belongs to the INVITE's own transaction (RFC 3261 17.1.1.3)."""
    kept = tuple(field for field in invite.fields if field[0] in {"Via", "From", "Call-ID", "Max-Forwards", "Route"})
    fields = (*kept, ("To", value(response, "to")), ("CSeq", f"{cseq(invite)[0]} ACK"))
    return Request("ACK", invite.uri, fields)
