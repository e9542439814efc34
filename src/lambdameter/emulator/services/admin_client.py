"""Questions to the data plane: what has this access key id done?"""

from __future__ import annotations

import asyncio
import collections
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools
import msgspec

from lambdameter.errors import TargetError
from lambdameter.model.sample import ServiceTime


class _Answer(NamedTuple):
    status: int
    body: bytes


class _Conversation(asyncio.Protocol):
    """One connection; answers come in the order of the questions."""

    def __init__(self) -> None:
        self._asked: collections.deque[asyncio.Future[_Answer]] = collections.deque()
        self._body = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may be asked from now on."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)
        self.open = True

    def connection_lost(self, error: Exception | None) -> None:
        """What was not answered will not be."""
        self.open = False
        for future in self._asked:
            if not future.done():
                future.set_exception(
                    error or ConnectionResetError("the local services closed the connection")
                )
        self._asked.clear()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._body = b""

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        self._body += body

    def on_message_complete(self) -> None:
        """All of it is there; whoever asked may have been cancelled meanwhile."""
        future = self._asked.popleft()
        if not future.done():
            future.set_result(_Answer(self._parser.get_status_code(), self._body))

    def ask(self, request: bytes) -> asyncio.Future[_Answer]:
        """Send a question; the answer, or ConnectionError."""
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._transport.write(request)
        return future

    def close(self) -> None:
        """Close the connection."""
        self.open = False
        self._transport.close()


class AdminClient:
    """The data plane's admin endpoint, over one connection that stays open."""

    def __init__(self, admin: str) -> None:
        parts = urlsplit(admin)
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._connecting = asyncio.Lock()
        self._conversation: _Conversation | None = None

    async def usage(self, access_key_id: str) -> ServiceTime:
        """Cumulative since the data plane started, or since `forget`.

        Raises:
            OSError: the data plane does not answer.
            TargetError: it answers what it should not.
        """
        answer = await self._ask("GET", access_key_id)
        try:
            return msgspec.json.decode(answer.body, type=ServiceTime)
        except msgspec.DecodeError as error:
            raise self._fault(answer) from error

    async def forget(self, access_key_id: str) -> None:
        """Nothing will be asked about it any more. Raises as `usage` does."""
        await self._ask("DELETE", access_key_id)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._conversation is not None:
            self._conversation.close()
        self._conversation = None

    async def _ask(self, method: str, access_key_id: str) -> _Answer:
        path = f"{self._prefix}/usage/{access_key_id}"
        request = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode()
        kept = self._conversation
        try:
            answer = await (await self._connected()).ask(request)
        except ConnectionError:
            # A connection that was kept may be closed by the other side at any moment.
            if kept is None:
                raise
            answer = await (await self._connected()).ask(request)
        if answer.status not in (200, 204):
            raise self._fault(answer)
        return answer

    async def _connected(self) -> _Conversation:
        if self._conversation is not None and self._conversation.open:
            return self._conversation
        async with self._connecting:
            if self._conversation is None or not self._conversation.open:
                loop = asyncio.get_running_loop()
                _, self._conversation = await loop.create_connection(
                    _Conversation, self._host, self._port
                )
            return self._conversation

    def _fault(self, answer: _Answer) -> TargetError:
        said = answer.body.decode(errors="replace")
        return TargetError(
            f"The admin endpoint of the local services answered {answer.status}: {said}",
            place=f"http://{self._host}:{self._port}",
            next_step="This is a bug in lambdameter: please report it.",
        )
