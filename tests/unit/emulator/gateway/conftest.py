"""A gateway on a port, a clock that stands still, and functions that do what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect

from lambdameter.emulator.control.api_errors import not_found
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.gateway.events import ApiStage, Client, ConnectionFacts, Moment
from lambdameter.emulator.gateway.gateway import Gateway
from lambdameter.emulator.gateway.listener import Addresses, GatewayListener, bind

OK = b'{"statusCode": 200}'
ROUTES = {
    "$connect": "connect",
    "$disconnect": "disconnect",
    "$default": "default",
    "run": "runner",
}

Handler = Callable[[dict[str, Any]], Awaitable[bytes]]


class Functions:
    """Behind the gateway: each notes its events and answers 200, unless a test says otherwise."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.handlers: dict[str, Handler] = {}
        self.errors: dict[str, str] = {}
        self.payloads: list[bytes] = []
        self.missing: set[str] = set()

    async def invoke(self, name: str, request: InvocationRequest) -> Outcome:
        event = msgspec.json.decode(request.payload)
        self.seen.put_nowait((name, event))
        if name in self.missing:
            raise not_found(name)
        handler = self.handlers.get(name)
        payload = OK if handler is None else await handler(event)
        return Outcome(payload, self.errors.get(name), None, None, None)  # type: ignore[arg-type]

    def answers(self, name: str, payload: bytes, error: str | None = None) -> None:
        async def handler(_event: dict[str, Any]) -> bytes:
            return payload

        self.handlers[name] = handler
        if error is not None:
            self.errors[name] = error

    async def next(self, wanted: str) -> dict[str, Any]:
        """The next event of that function; those of others are passed over."""
        while True:
            name, event = await self.seen.get()
            if name == wanted:
                return event


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def api() -> WebSocketApi:
    return WebSocketApi(
        name="race", stage="live", routes=dict(ROUTES), listen=Listen(origins=("http://page:1",))
    )


class Served:
    """A listening gateway, and how a client reaches it."""

    def __init__(
        self, gateway: Gateway, listener: GatewayListener, found: Addresses, functions: Functions
    ) -> None:
        self.gateway = gateway
        self.listener = listener
        self.found = found
        self.functions = functions

    def connect(self, **options: Any) -> connect:
        """By an independent client, which pings nobody."""
        return connect(
            self.found.websocket, ping_interval=None, compression=None, proxy=None, **options
        )

    def below(self) -> Any:
        """uvicorn's side of the one connection that there is."""
        (connection,) = self.listener._state.connections
        return connection

    async def connection_id(self) -> str:
        """Of the client that connects next."""
        event = await self.functions.next("connect")
        identifier: str = event["requestContext"]["connectionId"]
        return identifier


@pytest.fixture
async def served(host: Any, api: WebSocketApi, functions: Functions) -> AsyncIterator[Served]:
    listening = bind(api.listen)
    found = Addresses(api, listening)
    gateway = Gateway(api, found.domain, host.clock, functions.invoke)
    listener = await GatewayListener.open(gateway, listening)
    yield Served(gateway, listener, found, functions)
    await listener.close()


@pytest.fixture
def facts() -> ConnectionFacts:
    return ConnectionFacts(
        stage=ApiStage(api_id="a1", stage="live", domain="127.0.0.1:1"),
        client=Client(
            source_ip="127.0.0.1",
            headers=(("host", "127.0.0.1:1"), ("user-agent", "u"), ("sec-websocket-key", "k")),
            query=(("lane", "1"), ("lane", "2")),
        ),
        connection_id="c=",
        connected=Moment(1_000.0, 1_742_085_982_306.0),
    )
