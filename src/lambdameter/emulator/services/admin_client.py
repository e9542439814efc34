"""Asks the local services what an access key id has done."""

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


class _Connection(asyncio.Protocol):
    """One HTTP connection; answers come in the order of the requests."""

    def __init__(self) -> None:
        self._pending: collections.deque[asyncio.Future[_Answer]] = collections.deque()
        self._body = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection can be used."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)
        self.open = True

    def connection_lost(self, error: Exception | None) -> None:
        """Fail every request that has no answer yet."""
        self.open = False
        for future in self._pending:
            if not future.done():
                future.set_exception(
                    error or ConnectionResetError("the local services closed the connection")
                )
        self._pending.clear()

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
        """A piece of the answer's body."""
        self._body += body

    def on_message_complete(self) -> None:
        """An answer is complete; its caller may have been cancelled meanwhile."""
        future = self._pending.popleft()
        if not future.done():
            future.set_result(_Answer(self._parser.get_status_code(), self._body))

    def send(self, request: bytes) -> asyncio.Future[_Answer]:
        """Send a request; resolves with the answer or a ConnectionError."""
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._pending.append(future)
        self._transport.write(request)
        return future

    def close(self) -> None:
        """Close the connection."""
        self.open = False
        self._transport.close()


class AdminClient:
    """The local services' admin endpoint, over one connection that stays open."""

    def __init__(self, admin: str) -> None:
        parts = urlsplit(admin)
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._connecting = asyncio.Lock()
        self._connection: _Connection | None = None

    async def usage(self, access_key_id: str) -> ServiceTime:
        """What was done with this access key id, since the start or the last `forget`.

        Raises:
            OSError: the local services do not answer.
            TargetError: their answer is not valid.
        """
        answer = await self._request("GET", access_key_id)
        try:
            return msgspec.json.decode(answer.body, type=ServiceTime)
        except msgspec.DecodeError as error:
            raise self._fault(answer) from error

    async def forget(self, access_key_id: str) -> None:
        """Delete what is known of this access key id. Raises as `usage` does."""
        await self._request("DELETE", access_key_id)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    async def _request(self, method: str, access_key_id: str) -> _Answer:
        path = f"{self._prefix}/usage/{access_key_id}"
        request = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode()
        before = self._connection
        try:
            answer = await (await self._connected()).send(request)
        except ConnectionError:
            # The other side may close a connection that stayed open at any moment.
            if before is None:
                raise
            answer = await (await self._connected()).send(request)
        if answer.status not in (200, 204):
            raise self._fault(answer)
        return answer

    async def _connected(self) -> _Connection:
        if self._connection is not None and self._connection.open:
            return self._connection
        async with self._connecting:
            if self._connection is None or not self._connection.open:
                loop = asyncio.get_running_loop()
                _, self._connection = await loop.create_connection(
                    _Connection, self._host, self._port
                )
            return self._connection

    def _fault(self, answer: _Answer) -> TargetError:
        body = answer.body.decode(errors="replace")
        return TargetError(
            f"The admin endpoint of the local services answered {answer.status}: {body}",
            place=f"http://{self._host}:{self._port}",
            next_step="This is a bug in lambdameter: please report it.",
        )
