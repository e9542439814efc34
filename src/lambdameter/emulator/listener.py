"""An ASGI app on a loopback port of its own, many of them on one event loop.

uvicorn's protocol class without its Server: that one brings signal handlers and a main loop,
and an emulator with one port per execution environment needs neither.
"""

from __future__ import annotations

import asyncio
import errno

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from lambdameter.errors import HostError

LOOPBACK = "127.0.0.1"

# A frozen function's connection may stay silent for as long as it likes.
_KEEP_ALIVE_S = 86_400


class Listener:
    """One listening socket; make it with `Listener.open`."""

    def __init__(self, server: asyncio.Server, state: ServerState) -> None:
        self._server = server
        self._state = state

    @classmethod
    async def open(cls, app: ASGIApp, port: int = 0) -> Listener:
        """Listen; port 0 takes a free one.

        Raises:
            HostError: the port is taken.
        """
        config = Config(
            app=app,
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}),
                LOOPBACK,
                port,
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise HostError(
                "The port is taken",
                place=f"{LOOPBACK}:{port}",
                next_step="Name another with --port, or 0 for a free one.",
            ) from error
        return cls(server, state)

    @property
    def address(self) -> str:
        """host:port."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._server.close()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
