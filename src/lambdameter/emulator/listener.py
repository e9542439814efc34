"""An API on a loopback port of its own, many of them on one event loop."""

from __future__ import annotations

import asyncio
import errno

from lambdameter.emulator.connection import Connection
from lambdameter.emulator.routes import Handler
from lambdameter.errors import HostError

LOOPBACK = "127.0.0.1"
_REFUSED = {errno.EADDRINUSE: "The port is taken", errno.EACCES: "The port is for root alone"}


class Listener:
    """One listening socket; make it with `Listener.open`."""

    def __init__(self, server: asyncio.Server, connections: set[Connection]) -> None:
        self._server = server
        self._connections = connections

    @classmethod
    async def open(cls, handler: Handler, *, keep: int, port: int = 0) -> Listener:
        """Listen; port 0 takes a free one. `keep` is Connection's.

        Raises:
            HostError: the port is taken, or not for this user.
        """
        connections: set[Connection] = set()
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: Connection(handler, keep, connections), LOOPBACK, port
            )
        except OSError as error:
            cause = _REFUSED.get(error.errno or 0)
            if cause is None:
                raise
            raise HostError(
                cause,
                place=f"{LOOPBACK}:{port}",
                next_step="Name another with --port, or 0 for a free one.",
            ) from error
        return cls(server, connections)

    @property
    def address(self) -> str:
        """host:port."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop listening and cut every connection; what is being handled goes on."""
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
