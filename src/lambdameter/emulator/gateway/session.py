"""Carries out the protocol's actions on one Starlette WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from lambdameter.emulator.clock import Clock, Timer
from lambdameter.emulator.gateway.events import Moment
from lambdameter.emulator.gateway.frames import ABORT
from lambdameter.emulator.gateway.outbox import Outbox
from lambdameter.emulator.gateway.protocol import (
    Action,
    Answer,
    Close,
    Connection,
    Invoke,
    Refuse,
    Send,
)

# How long a close may wait behind messages that the client does not read; once it is sent, uvicorn
# waits as long for the answer. RFC 6455 leaves the limit to us.
CLOSE_LIMIT_MS = 10_000.0
# Our own choice. AWS throttles an account's requests per second, and documents no limit for one
# connection: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
MAX_IN_FLIGHT = 16
_ABNORMAL = 1006


class GatewayServices(NamedTuple):
    """What a session needs of the gateway.

    Attributes:
        integrate: invokes the function of an event; its answer.
        spawn: runs a coroutine that may outlive the session.
    """

    clock: Clock
    integrate: Callable[[Invoke], Awaitable[Answer]]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

    def moment(self) -> Moment:
        """Now."""
        return Moment(self.clock.now_ms(), self.clock.epoch_ms())


class SlowReaderError(Exception):
    """The client does not read its messages; its connection was cut."""


class Session:
    """One client, from its handshake to its end."""

    def __init__(
        self, connection: Connection, websocket: WebSocket, gateway: GatewayServices
    ) -> None:
        self.connection = connection
        self._websocket = websocket
        self._gateway = gateway
        self._outbox = Outbox()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._watching: Timer | None = None
        self._closing: Timer | None = None

    async def handshake(self) -> bool:
        """Accept or refuse the client, as `$connect` decides; True: it is connected."""
        # Starlette wants "websocket.connect" received before anything is answered.
        await self._websocket.receive()
        action = self.connection.begin()
        if isinstance(action, Invoke):
            decision = self.connection.connect_answered(await self._gateway.integrate(action))
        else:
            decision = action
        if isinstance(decision, Refuse):
            with contextlib.suppress(OSError):
                await deny(self._websocket, decision.status, decision.message)
            return False
        try:
            await self._websocket.accept()
        except OSError:
            self._end(_ABNORMAL, "")
            return False
        return True

    async def run(self) -> None:
        """Read until the end of the connection, after a successful handshake."""
        sender = asyncio.ensure_future(self._send())
        self._watch()
        code, reason = _ABNORMAL, ""
        try:
            code, reason = await self._read()
        finally:
            sender.cancel()
            for timer in (self._watching, self._closing):
                if timer is not None:
                    timer.cancel()
            self._end(code, reason)

    def post(self, text: str) -> None:
        """POST @connections.

        Raises:
            GoneError: the connection is not open.
            SlowReaderError: the client does not read; it was cut.
        """
        self._perform(self.connection.posted(text, self._gateway.moment()))

    def delete(self) -> None:
        """DELETE @connections.

        Raises:
            GoneError: the connection is not open.
        """
        self._perform(self.connection.deleted())

    async def _read(self) -> tuple[int, str]:
        while True:
            # Meanwhile the socket is not read, so that the client has to wait.
            while len(self._in_flight) >= MAX_IN_FLIGHT:
                await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return message["code"], message.get("reason") or ""
            text = message.get("text")
            data = message["bytes"] if text is None else text
            with contextlib.suppress(SlowReaderError):
                self._perform(self.connection.received(data, self._gateway.moment()))

    async def _send(self) -> None:
        # uvicorn raises RuntimeError for a message after a close that it sent itself.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while not isinstance(item := await self._outbox.get(), Close):
                await self._websocket.send_text(item)
                self._outbox.sent(item)
            await self._websocket.close(item.code, item.reason)

    def _perform(self, action: Action | None) -> None:
        if isinstance(action, Send):
            if not self._outbox.put(action.text):
                self._abort()
                raise SlowReaderError
        elif isinstance(action, Close):
            self._outbox.close(action)
            self._closing = self._gateway.clock.call_later(CLOSE_LIMIT_MS, self._abort)
        elif isinstance(action, Invoke):
            task = self._gateway.spawn(self._integrate(action))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _integrate(self, invoke: Invoke) -> None:
        answer = await self._gateway.integrate(invoke)
        with contextlib.suppress(SlowReaderError):
            self._perform(self.connection.answered(invoke.request_id, answer))

    def _watch(self) -> None:
        self._perform(self.connection.expired(self._gateway.moment()))
        if self._closing is not None:
            return
        wait_ms = self.connection.due_ms - self._gateway.clock.now_ms()
        self._watching = self._gateway.clock.call_later(wait_ms, self._watch)

    def _end(self, code: int, reason: str) -> None:
        self._perform(self.connection.closed(code, reason, self._gateway.moment()))

    def _abort(self) -> None:
        self._websocket.scope["state"][ABORT]()


async def deny(websocket: WebSocket, status: int, message: str) -> None:
    """Answer a handshake with an HTTP status."""
    await websocket.send_denial_response(JSONResponse({"message": message}, status))
