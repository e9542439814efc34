"""uvicorn's WebSocket connection, with what API Gateway does below whole messages.

ASGI has messages alone, so the limit of a frame, what answers a malformed one, and how a
connection is cut that no one reads stand here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import events
from wsproto.connection import ConnectionState

from lambdameter.emulator.gateway.protocol import TOO_BIG, Gauge

# In a connection's scope["state"]: ends it without waiting for its client.
ABORT = "lambdameter.abort"
_ABNORMAL = 1006


class GatewayWebSocket(WSProtocol):
    """One connection, from its handshake on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gauge = Gauge()

    def handle_connect(self, event: events.Request) -> None:
        """Tell the application how to cut it."""
        super().handle_connect(event)
        self.scope["state"][ABORT] = self.transport.abort

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
