"""uvicorn's connections, with what API Gateway does below whole messages.

ASGI knows only messages. So here are the size limit of a frame, the answer to a malformed frame,
the end of a connection that its client does not read, and what keeps a client from sending faster
than it is served.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import events
from wsproto.connection import ConnectionState

from lambdameter.emulator.gateway.protocol import TOO_BIG, SizeLimits
from lambdameter.guard.asgi import GuardedHttp

# A key of a connection's scope["state"]: the function that ends it without waiting for its client.
ABORT = "lambdameter.abort"
_ABNORMAL = 1006
# The limit of a request line with all headers: our own choice, six times AWS's limit of a URL.
MAX_HEAD_BYTES = 24_576


class GatewayHttp(GuardedHttp):
    """One connection before it becomes a WebSocket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head: int | None = None

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and refuse a head without an end, which the parser would store."""
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MAX_HEAD_BYTES:
                self.send_400_response("Request header larger than we take")


class GatewayWebSocket(WSProtocol):
    """One connection, from its handshake on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = SizeLimits()

    def handle_connect(self, event: events.Request) -> None:
        """Give the application a way to cut the connection; read nothing until it has accepted."""
        super().handle_connect(event)
        self.scope["state"][ABORT] = self.transport.abort
        self.transport.pause_reading()

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application sends; read from the client once it is accepted."""
        await super().send(message)
        if message["type"] == "websocket.accept" and not self.transport.is_closing():
            self.transport.resume_reading()

    async def run_asgi(self) -> None:
        """Run the application; afterwards cut a client that does not read its last messages."""
        await super().run_asgi()
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def handle_ping(self, event: events.Ping) -> None:
        """Answer while the client reads; of several pings that wait, only the last needs a pong.

        https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
        """
        if self.writable.is_set():
            super().handle_ping(event)

    def handle_message(self, event: events.TextMessage | events.BytesMessage) -> None:
        """A part of a frame."""
        data = event.data
        too_large = self._limits.exceeded(
            len(data.encode()) if isinstance(data, str) else len(data),
            frame_ends=event.frame_finished,
            message_ends=event.message_finished,
        )
        if too_large is None:
            super().handle_message(event)
        else:
            self._give_up(TOO_BIG, too_large)

    def handle_close(self, event: events.CloseConnection) -> None:
        """The client closes, or sent what wsproto cannot read."""
        if self.conn.state is ConnectionState.OPEN and not self.close_sent:
            self._give_up(event.code, event.reason or "")
        else:
            super().handle_close(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone without a close: 1006, where uvicorn says 1005."""
        if self.handshake_complete:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": _ABNORMAL})
        super().connection_lost(exc)

    def _give_up(self, code: int, reason: str) -> None:
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(self.conn.send(events.CloseConnection(code=code, reason=reason)))
        # What still comes in is read and dropped. If the socket were closed at once, the kernel
        # would answer with a reset, and the client might never see the code.
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = asyncio.get_running_loop().call_later(
            self.close_timeout, self.transport.close
        )
