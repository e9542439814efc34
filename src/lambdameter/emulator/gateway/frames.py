"""uvicorn's connections, with what API Gateway does below whole messages.

ASGI has messages alone, so the limit of a frame, what answers a malformed one, and how a
connection is cut that no one reads stand here; and what keeps a client from being stored here
faster than it is served.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import events
from wsproto.connection import ConnectionState

from lambdameter.emulator.gateway.protocol import TOO_BIG, Gauge
from lambdameter.guard.asgi import GuardedHttp

# In a connection's scope["state"]: ends it without waiting for its client.
ABORT = "lambdameter.abort"
_ABNORMAL = 1006
# Of a request line with all headers: our own choice, six times what AWS takes of a URL.
MAX_HEAD_BYTES = 24_576


class GatewayHttp(GuardedHttp):
    """One connection, until it is a WebSocket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head: int | None = None

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Its head is over."""
        self._head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """A part of it: the parser keeps a head that never ends, we do not."""
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MAX_HEAD_BYTES:
                self.send_400_response("Request header larger than we take")


class GatewayWebSocket(WSProtocol):
    """One connection, from its handshake on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gauge = Gauge()

    def handle_connect(self, event: events.Request) -> None:
        """Tell the application how to cut it; nothing more is read until it has accepted."""
        super().handle_connect(event)
        self.scope["state"][ABORT] = self.transport.abort
        self.transport.pause_reading()

    async def send(self, message: ASGISendEvent) -> None:
        """What the application says."""
        await super().send(message)
        if message["type"] == "websocket.accept" and not self.transport.is_closing():
            self.transport.resume_reading()

    async def run_asgi(self) -> None:
        """The application, to its end; who then does not read what is left for it is cut."""
        await super().run_asgi()
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def handle_ping(self, event: events.Ping) -> None:
        """Answered while its client reads: of those that wait, one answer to the last will do.

        https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
        """
        if self.writable.is_set():
            super().handle_ping(event)

    def handle_message(self, event: events.TextMessage | events.BytesMessage) -> None:
        """A part of a frame."""
        data = event.data
        too_large = self._gauge.exceeded(
            len(data.encode()) if isinstance(data, str) else len(data),
            frame_ends=event.frame_finished,
            message_ends=event.message_finished,
        )
        if too_large is None:
            super().handle_message(event)
        else:
            self._give_up(TOO_BIG, too_large)

    def handle_close(self, event: events.CloseConnection) -> None:
        """The client closes; or wsproto could not make sense of what it sent."""
        if self.conn.state is ConnectionState.OPEN and not self.close_sent:
            self._give_up(event.code, event.reason or "")
        else:
            super().handle_close(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone without a close: 1006, where uvicorn says 1005."""
        if self.handshake_complete:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": _ABNORMAL})
        super().connection_lost(exc)

    def _give_up(self, code: int, reason: str) -> None:
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(self.conn.send(events.CloseConnection(code=code, reason=reason)))
        # What still comes in is read and left: closed at once, the kernel would answer it with a
        # reset, and the client might never see the code.
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = asyncio.get_running_loop().call_later(
            self.close_timeout, self.transport.close
        )
