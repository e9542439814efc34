"""The gateway on a port of its own: Starlette's routes, on uvicorn's connections."""

from __future__ import annotations

import asyncio
import socket

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from uvicorn import Config
from uvicorn.server import ServerState

from lambdameter.emulator.gateway import management
from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi, hosts, origins
from lambdameter.emulator.gateway.frames import GatewayHttp, GatewayWebSocket
from lambdameter.emulator.gateway.gateway import Gateway
from lambdameter.emulator.gateway.protocol import FORBIDDEN, MAX_MESSAGE_BYTES
from lambdameter.emulator.gateway.session import deny
from lambdameter.emulator.http.binding import Binding
from lambdameter.errors import HostError
from lambdameter.guard import rules
from lambdameter.guard.asgi import GuardedApp

_FORBIDDEN_STATUS = 403
# A thousand clients may come at once.
_BACKLOG = 2_048
# Functions keep their connection while they are frozen.
_KEEP_ALIVE_S = 900
_CLOSE_LIMIT_S = 2.0


def bind(listen: Listen) -> socket.socket:
    """Bind the port, before there is anything to serve.

    Raises:
        HostError: host or port cannot be used.
    """
    try:
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        return socket.create_server((listen.host, listen.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise HostError(
            f"The WebSocket API cannot listen: {error.strerror}",
            place=f"{listen.host}:{listen.port}",
            next_step="Choose another host or port under [listen]; port 0 picks a free port.",
        ) from error


class Addresses:
    """URLs of an API that listens on this socket, for clients and functions on this machine."""

    def __init__(self, api: WebSocketApi, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        self.domain = Binding(host=host).reached(port)
        self.websocket = f"ws://{self.domain}/{api.stage}"
        self.connections = f"http://{self.domain}/{api.stage}"


def application(gateway: Gateway) -> ASGIApp:
    """The API and its @connections, behind the guard."""
    stage = gateway.api.stage

    async def connections(request: Request) -> Response:
        return await management.handle(gateway, request)

    routes = [
        WebSocketRoute(f"/{stage}", gateway.serve),
        Route(
            f"/{stage}/@connections/{{connection_id}}",
            connections,
            methods=management.METHODS,
        ),
        # AWS's answer for a stage or a path that does not exist.
        WebSocketRoute("/{path:path}", _refuse_handshake),
        Mount("/", _refused()),
    ]
    return GuardedApp(Starlette(routes=routes), _rules(gateway.api.listen), lambda _: _refused())


def _rules(listen: Listen) -> rules.Rules:
    return rules.Rules(profile=rules.GATEWAY, hosts=hosts(listen), origins=origins(listen))


def _refused() -> Response:
    """API Gateway's answer."""
    return JSONResponse({"message": FORBIDDEN}, _FORBIDDEN_STATUS)


async def _refuse_handshake(websocket: WebSocket) -> None:
    await websocket.receive()
    await deny(websocket, _FORBIDDEN_STATUS, FORBIDDEN)


class GatewayListener:
    """A gateway that listens; make it with `GatewayListener.open`.

    It does without uvicorn's own Server, which handles the process's signals and wakes ten times a
    second: the emulator has a loop and ends in its own way.
    """

    def __init__(self, server: asyncio.Server, state: ServerState, gateway: Gateway) -> None:
        self._server = server
        self._state = state
        self._gateway = gateway

    @classmethod
    async def open(cls, gateway: Gateway, listening: socket.socket) -> GatewayListener:
        """Serve on a socket that `bind` made."""
        config = Config(
            application(gateway),
            http="httptools",
            ws=GatewayWebSocket,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: GatewayHttp(config=config, server_state=state, app_state={}),
            sock=listening,
            backlog=_BACKLOG,
        )
        return cls(server, state, gateway)

    async def close(self) -> None:
        """Close every connection and stop listening."""
        self._server.close()
        await self._gateway.close()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        tasks = tuple(self._state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_CLOSE_LIMIT_S)
            for task in late:
                task.cancel()
        for connection in tuple(self._state.connections):
            connection.transport.abort()
