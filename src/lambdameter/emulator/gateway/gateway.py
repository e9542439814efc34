"""All connections of one WebSocket API, and the functions behind its routes."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome, new_trace
from lambdameter.emulator.gateway import protocol
from lambdameter.emulator.gateway.declaration import CONNECT, DISCONNECT, WebSocketApi
from lambdameter.emulator.gateway.events import ApiStage, Client, ConnectionFacts
from lambdameter.emulator.gateway.protocol import Answer, Connection, GoneError, Invoke
from lambdameter.emulator.gateway.session import GatewayServices, Session

_LOG = logging.getLogger(__name__)
_ID_BYTES = 11
# How many `$connect` and `$disconnect` run at the same time. Our own choice, so that a thousand
# clients that come or go at once do not start a thousand environments.
MAX_COMING_AND_GOING = 32

InvokeFunction = Callable[[str, InvocationRequest], Awaitable[Outcome]]


def new_id() -> str:
    """An id of a connection, request or message: 15 characters and a "=", as AWS's are."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_ID_BYTES)).decode()


class Gateway:
    """All connections of one API.

    Args:
        api: its declaration.
        domain: host:port that it listens on.
        clock: for limits and events.
        invoke: invokes a function by its name; raises ApiError where that fails.
    """

    def __init__(
        self, api: WebSocketApi, domain: str, clock: Clock, invoke: InvokeFunction
    ) -> None:
        self.api = api
        self._stage = ApiStage(api_id=api.api_id, stage=api.stage, domain=domain)
        self._clock = clock
        self._invoke = invoke
        self._open: dict[str, Session] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._coming_and_going = asyncio.Semaphore(MAX_COMING_AND_GOING)
        self._closing = False
        self._services = GatewayServices(clock=clock, integrate=self._integrate, spawn=self._spawn)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one client, from its handshake to its end."""
        facts = ConnectionFacts(
            stage=self._stage,
            client=_client(websocket),
            connection_id=new_id(),
            connected=self._services.moment(),
        )
        session = Session(Connection(self.api, facts, new_id), websocket, self._services)
        if not await session.handshake():
            return
        self._open[facts.connection_id] = session
        try:
            await session.run()
        finally:
            del self._open[facts.connection_id]

    def session(self, connection_id: str) -> Session:
        """The open connection of that id.

        Raises:
            GoneError: there is no such connection, or its `$connect` has not answered yet.
        """
        session = self._open.get(connection_id)
        if session is None:
            raise GoneError
        session.connection.check_open()
        return session

    async def close(self) -> None:
        """Drop what its functions still do; `$disconnect` is not invoked any more."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._closing:
            task.cancel()
        return task

    async def _integrate(self, invoke: Invoke) -> Answer:
        if _route_key(invoke) not in (CONNECT, DISCONNECT):
            return await self._answer_in_time(invoke)
        async with self._coming_and_going:
            return await self._answer_in_time(invoke)

    async def _answer_in_time(self, invoke: Invoke) -> Answer:
        """The function's answer within the integration's limit; the function may run longer."""
        working = self._spawn(self._answer(invoke))
        too_late = asyncio.Event()
        timer = self._clock.call_later(protocol.INTEGRATION_LIMIT_MS, too_late.set)
        waiting = asyncio.ensure_future(too_late.wait())
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            waiting.cancel()
        if working.cancelled():
            return protocol.NOT_INVOKED
        return working.result() if working.done() else protocol.NO_ANSWER_IN_TIME

    async def _answer(self, invoke: Invoke) -> Answer:
        request = InvocationRequest(
            request_id=str(uuid.uuid4()),
            payload=msgspec.json.encode(invoke.event),
            headers={"Lambda-Runtime-Trace-Id": new_trace()},
        )
        route_key = _route_key(invoke)
        try:
            outcome = await self._invoke(invoke.function, request)
        except ApiError as error:
            _LOG.warning("%s, route %s: %s", invoke.function, route_key, error.message)
            return protocol.NOT_INVOKED
        answer = protocol.answer(outcome.payload, outcome.error)
        if answer.failed is not None:
            payload = outcome.payload.decode(errors="replace")
            _LOG.warning("%s, route %s, answered: %s", invoke.function, route_key, payload)
        return answer


def _route_key(invoke: Invoke) -> str:
    route_key: str = invoke.event["requestContext"]["routeKey"]
    return route_key


def _client(websocket: WebSocket) -> Client:
    return Client(
        source_ip=websocket.client.host if websocket.client else "",
        headers=tuple(websocket.headers.items()),
        query=tuple(websocket.query_params.multi_items()),
    )
