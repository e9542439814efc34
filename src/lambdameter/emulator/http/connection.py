"""One HTTP/1.1 connection of a client to the emulator.

A small server of our own, since one invocation takes three requests: a framework's time for them
would be most of the time of a warm invocation that does nothing (benchmarks/emulator.py). The
parser is llhttp. A body is read to its end before the request is handled, so a client that goes
away in the middle has no effect.
"""

from __future__ import annotations

import asyncio
import collections
import logging
from collections.abc import Awaitable
from typing import Protocol

import httptools

from lambdameter.emulator.http.messages import Request, Response
from lambdameter.emulator.http.routes import Admit, Handler
from lambdameter.guard import rules

_LOG = logging.getLogger(__name__)
_Waiting = tuple[Request, Response | None, bool]
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MALFORMED = Response(status=400, body=b'{"message":"malformed HTTP"}')
_NOTHING = Request(method="", target="", headers={})


class _Connections(Protocol):
    """The set of a listener's open connections."""

    def add(self, connection: Connection, /) -> None: ...

    def discard(self, connection: Connection, /) -> None: ...


class Connection(asyncio.Protocol):
    """Requests in, answers out, in the order in which they came.

    Args:
        handler: called once for each request, after the request before it was answered.
        admit: called before a body is read; the handler never sees a request that it refuses.
        keep: the size up to which a body is kept; of a larger body only its size is.
        connections: holds this connection while it is open.
    """

    def __init__(
        self, handler: Handler, admit: Admit, keep: int, connections: _Connections
    ) -> None:
        self._handler = handler
        self._admit = admit
        self._keep = keep
        self._connections = connections
        # A request, its answer where it is refused, and whether the connection stays open after it.
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._task: asyncio.Task[None] | None = None
        self._paused = False
        # Nothing more is read: the last answer is on its way.
        self._deaf = False
        # The client waits for "100 Continue" before it sends the next body.
        self._expects_continue = False
        self.on_message_begin()

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpRequestParser(self)
        self._connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """A request in progress is handled to the end, as Lambda does when its caller goes away."""
        self._waiting.clear()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser.

        Upgrades are ignored, as https://www.rfc-editor.org/rfc/rfc9110#section-7.8 allows: what
        follows is the next request.
        """
        while data and not self._deaf:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._parser = httptools.HttpRequestParser(self)
                data = self._without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._give_up()
            else:
                return

    def _without_upgrade(self) -> bytes:
        """The last head again, for a new parser: llhttp reads no body after an upgrade."""
        lines = [f"{self._method} {self._path_and_query} HTTP/1.1"]
        lines += [
            f"{name}: {value}"
            for name, value in self._headers.items()
            if name not in {"connection", "upgrade"}
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def eof_received(self) -> bool:
        """The client sends nothing more; its requests are answered, then the connection ends."""
        self._deaf = True
        if self._is_idle:
            return False
        self._waiting.append((_NOTHING, None, False))
        return True

    def _give_up(self) -> None:
        """Answer malformed HTTP in its turn; no request is read after it."""
        if not self._deaf:
            self._deaf = True
            self._waiting.append((_NOTHING, _MALFORMED, False))
            if self._task is None:
                self._advance()

    @property
    def _is_idle(self) -> bool:
        """Whether every request has been answered."""
        return self._task is None and not self._waiting

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    # --- the parser ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target = b""
        self._method = self._path_and_query = ""
        self._refusal: Response | None = None
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """The target, or a piece of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header or trailer."""
        rules.add(self._headers, name, value)

    def on_headers_complete(self) -> None:
        """The body comes next, perhaps only after "100 Continue"."""
        if self._deaf:
            return
        self._method = self._parser.get_method().decode()
        self._path_and_query = self._target.decode("latin-1")
        headers = self._headers
        self._refusal = self._admit(self._method, self._path_and_query, headers)
        if self._refusal is not None:
            self._turn_away(self._refusal)
        elif "expect" in headers and not self._parser.should_upgrade():
            self._expect(headers["expect"])

    def _expect(self, header: str) -> None:
        """https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1."""
        expects = "100-continue" in {part.strip() for part in header.lower().split(",")}
        self._expects_continue = expects and self._parser.get_http_version() != "1.0"
        self._continue()

    def _continue(self) -> None:
        if self._expects_continue and self._is_idle:
            self._expects_continue = False
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._size += len(body)
        if self._size <= self._keep and self._refusal is None:
            self._parts.append(body)
        else:
            self._parts.clear()

    def on_message_complete(self) -> None:
        """A request is complete; after the last one of a connection nothing more is read."""
        self._expects_continue = False
        if not self._deaf and not self._parser.should_upgrade():
            keep_alive = self._parser.should_keep_alive()
            self._deaf = not keep_alive
            self._put(keep_alive=keep_alive)

    def _turn_away(self, answer: Response) -> None:
        if self._method == "HEAD":
            answer.body = b""
        if "expect" in self._headers or self._parser.should_upgrade():
            # The client may or may not send a body, so where the next request begins is unknown.
            self._deaf = True
            self._put(keep_alive=False)

    def _put(self, *, keep_alive: bool) -> None:
        """Queue the request that was read last."""
        request = Request(
            method=self._method,
            target=self._path_and_query,
            headers=self._headers,
            size=self._size,
            body=b"".join(self._parts) if self._size <= self._keep else None,
        )
        self._parts = []
        self._waiting.append((request, self._refusal, keep_alive))
        if self._task is None:
            self._advance()
        elif not self._paused:
            self._paused = True
            self._transport.pause_reading()

    # --- answering -------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Handle waiting requests, until one of them does not answer at once."""
        while self._waiting and self._task is None:
            request, refusal, keep_alive = self._waiting.popleft()
            if request is _NOTHING and refusal is None:
                self._transport.close()
                return
            try:
                answer = self._handler(request) if refusal is None else refusal
            except Exception:  # noqa: BLE001 - the client gets an answer to any fault of ours
                answer = _internal_failure(request)
            if isinstance(answer, Response):
                self._write(answer, keep_alive=keep_alive)
            else:
                writing = self._write_later(request, answer, keep_alive=keep_alive)
                self._task = asyncio.get_running_loop().create_task(writing)
        self._continue()
        if self._paused and self._task is None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    async def _write_later(
        self, request: Request, answer: Awaitable[Response], *, keep_alive: bool
    ) -> None:
        try:
            response = await answer
        except Exception:  # noqa: BLE001 - as above
            response = _internal_failure(request)
        self._task = None
        self._write(response, keep_alive=keep_alive)
        self._advance()

    def _write(self, response: Response, *, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(response.encode(keep_alive=keep_alive))
        if not keep_alive:
            self._waiting.clear()
            self._transport.close()


def _internal_failure(request: Request) -> Response:
    _LOG.exception("%s %s", request.method, request.target)
    return Response(status=500, body=b'{"message":"internal failure"}')
