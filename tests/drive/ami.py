"""Asterisk's manager interface. Rule: it tells what Asterisk says and asks it to act; it judges nothing."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from typing import Self

Event = dict[str, str]
PATIENCE_S = 30.0


class Ami:
    """One login. Events are kept from the login on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[Event] = []
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Event()
        self._numbers = itertools.count(1)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def opened(cls, host: str, port: int) -> Self:
        """Log in; ConnectionError while nobody listens."""
        reader, writer = await asyncio.open_connection(host, port)
        ami = cls(reader, writer)
        await ami.act("Login", Username="test", Secret="test")
        return ami

    async def close(self) -> None:
        """Log out."""
        self._reading.cancel()
        self._writer.close()

    async def act(self, name: str, **fields: str) -> Event:
        """The answer to an action."""
        number = str(next(self._numbers))
        lines = [f"Action: {name}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await self._until(lambda event: "Response" in event and event.get("ActionID") == number, 0, name)

    async def command(self, line: str) -> str:
        """What the command line says."""
        return (await self.act("Command", Command=line)).get("Output", "")

    async def event(self, name: str, since: int = 0, **like: str) -> Event:
        """The first event of this name, from the given place on, whose fields are like that."""

        def is_it(event: Event) -> bool:
            return event.get("Event") == name and all(re.search(of, event.get(key, "")) for key, of in like.items())

        return await self._until(is_it, since, f"{name} {like}")

    async def _until(self, is_it: Callable[[Event], bool], since: int, what: str) -> Event:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := next((event for event in self.events[since:] if is_it(event)), None)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"Asterisk says nothing of {what}, but {self.events[since:][-20:]}") from None
        return found

    async def _read(self) -> None:
        async for message in self._messages():
            self.events.append(message)
            self._news.set()

    async def _messages(self) -> AsyncIterator[Event]:
        message: Event = {}
        async for line in self._reader:
            key, colon, value = line.decode(errors="replace").rstrip("\r\n").partition(": ")
            if colon:
                message[key] = f"{message[key]}\n{value}" if key in message else value
            elif message:
                yield message
                message = {}
