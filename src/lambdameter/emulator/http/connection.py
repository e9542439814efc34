"""One HTTP/1.1 connection of a client to the emulator.

A server of our own, and a small one, since three requests make one invocation: what a framework
spends on each of them would be most of what a warm no-op takes (benchmarks/emulator.py). The
parser is llhttp. Bodies are read whole before they are handled, so a client that goes away in
the middle of one was never there.
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


class _Home(Protocol):
    """Where connections are known from their beginning to their end."""

    def add(self, connection: Connection, /) -> None: ...

    def discard(self, connection: Connection, /) -> None: ...


class Connection(asyncio.Protocol):
    """Requests in, answers out, in the order in which they came.

    Args:
        handler: called once for each request; not before the one before it was answered.
        admit: asked before anything of a request is read; what it refuses the handler never sees.
        keep: how many bytes of a body are kept; of a larger one only its size.
        home: told of this connection while it is open.
    """

    def __init__(self, handler: Handler, admit: Admit, keep: int, home: _Home) -> None:
        self._handler = handler
        self._admit = admit
        self._kept_bytes = keep
        self._home = home
        # A request, its answer where it is refused, and whether the connection goes on after it.
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._task: asyncio.Task[None] | None = None
        self._paused = False
        # Nothing more is read: the last answer is on its way.
        self._deaf = False
        # Whoever sends the next body waits to be asked for it, which is not its turn yet.
        self._awaited = False
        self.on_message_begin()

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpRequestParser(self)
        self._home.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """What is being handled goes on: Lambda, too, finishes what its caller no longer wants."""
        self._waiting.clear()
        self._home.discard(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser.

        An upgrade is not made, as https://www.rfc-editor.org/rfc/rfc9110#section-7.8 allows: what
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
        """The head that was read last, for another parser: this one takes no body behind it."""
        lines = [f"{self._method} {self._path_and_query} HTTP/1.1"]
        lines += [
            f"{name}: {value}"
            for name, value in self._headers.items()
            if name not in {"connection", "upgrade"}
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def eof_received(self) -> bool:
        """Nothing more comes; what did is answered, and then the connection ends."""
        self._deaf = True
        if self._is_idle:
            return False
        self._waiting.append((_NOTHING, None, False))
        return True

    def _give_up(self) -> None:
        """What cannot be read is answered in its turn, and is the last."""
        if not self._deaf:
            self._deaf = True
            self._waiting.append((_NOTHING, _MALFORMED, False))
            if self._task is None:
                self._advance()

    @property
    def _is_idle(self) -> bool:
        """Whether everything is answered that came."""
        return self._task is None and not self._waiting

    def abort(self) -> None:
        """Cut it."""
        self._transport.abort()

    # --- the parser ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target = b""
        self._method = self._path_and_query = ""
        self._refused: Response | None = None
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Its target, perhaps in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header or trailer."""
        rules.add(self._headers, name, value)

    def on_headers_complete(self) -> None:
        """Its body comes next; a client may wait to be asked for it."""
        if self._deaf:
            return
        self._method = self._parser.get_method().decode()
        self._path_and_query = self._target.decode("latin-1")
        headers = self._headers
        self._refused = self._admit(self._method, self._path_and_query, headers)
        if self._refused is not None:
            self._turn_away(self._refused)
        elif "expect" in headers and not self._parser.should_upgrade():
            self._expect(headers["expect"])

    def _expect(self, what: str) -> None:
        """https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1."""
        asked = "100-continue" in {part.strip() for part in what.lower().split(",")}
        self._awaited = asked and self._parser.get_http_version() != "1.0"
        self._ask_for_body()

    def _ask_for_body(self) -> None:
        if self._awaited and self._is_idle:
            self._awaited = False
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        self._size += len(body)
        if self._size <= self._kept_bytes and self._refused is None:
            self._parts.append(body)
        else:
            self._parts.clear()

    def on_message_complete(self) -> None:
        """All of it is there; after one that ends the connection nothing is heard."""
        self._awaited = False
        if not self._deaf and not self._parser.should_upgrade():
            keep_alive = self._parser.should_keep_alive()
            self._deaf = not keep_alive
            self._put(keep_alive=keep_alive)

    def _turn_away(self, answer: Response) -> None:
        if self._method == "HEAD":
            answer.body = b""
        if "expect" in self._headers or self._parser.should_upgrade():
            # Whether a body follows is the client's to choose, so the next request's begin is lost.
            self._deaf = True
            self._put(keep_alive=False)

    def _put(self, *, keep_alive: bool) -> None:
        """What was read last is to be answered, in its turn."""
        request = Request(
            method=self._method,
            target=self._path_and_query,
            headers=self._headers,
            size=self._size,
            body=b"".join(self._parts) if self._size <= self._kept_bytes else None,
        )
        self._parts = []
        self._waiting.append((request, self._refused, keep_alive))
        if self._task is None:
            self._advance()
        elif not self._paused:
            self._paused = True
            self._transport.pause_reading()

    # --- answering -------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Handle what waits, until something takes its time."""
        while self._waiting and self._task is None:
            request, refused, keep_alive = self._waiting.popleft()
            if request is _NOTHING and refused is None:
                self._transport.close()
                return
            try:
                answer = self._handler(request) if refused is None else refused
            except Exception:  # noqa: BLE001 - whatever it is, the client gets its answer
                answer = _broken(request)
            if isinstance(answer, Response):
                self._write(answer, keep_alive=keep_alive)
            else:
                promised = self._keep(request, answer, keep_alive=keep_alive)
                self._task = asyncio.get_running_loop().create_task(promised)
        self._ask_for_body()
        if self._paused and self._task is None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    async def _keep(
        self, request: Request, answer: Awaitable[Response], *, keep_alive: bool
    ) -> None:
        try:
            response = await answer
        except Exception:  # noqa: BLE001 - as above
            response = _broken(request)
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


def _broken(request: Request) -> Response:
    _LOG.exception("%s %s", request.method, request.target)
    return Response(status=500, body=b'{"message":"internal failure"}')
