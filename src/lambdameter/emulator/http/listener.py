"""An API on a port of its own; one event loop serves many of them."""

from __future__ import annotations

import asyncio
import errno
import socket

from lambdameter.emulator.http.binding import Binding
from lambdameter.emulator.http.connection import Connection
from lambdameter.emulator.http.routes import Admit, Handler
from lambdameter.errors import HostError

_REFUSED = {
    errno.EADDRINUSE: "The port is already in use",
    errno.EACCES: "Only root may use this port",
}
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_HERE = Binding()
_BACKLOG = 128


def bind(where: Binding = _HERE, port: int = 0) -> socket.socket:
    """Bind a port before there is anything to serve; 0: a free port.

    Raises:
        HostError: the port is in use or reserved, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((where.host, port))
            # Until it listens, another process could bind it too.
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        if error.errno in _NOT_HERE:
            raise HostError(
                f"{where.host} is not an address of this machine",
                place="--host",
                next_step="Give an address that `ip address` lists, or 0.0.0.0 or :: for "
                "all addresses.",
            ) from error
        cause = _REFUSED.get(error.errno or 0)
        if cause is None:
            raise
        raise HostError(
            cause,
            place=f"[{where.host}]:{port}" if ":" in where.host else f"{where.host}:{port}",
            next_step="Choose another port with --port, or 0 for a free port.",
        ) from error
    return listening


class Listener:
    """One listening socket; make it with `Listener.open`."""

    def __init__(self, server: asyncio.Server, address: str, connections: set[Connection]) -> None:
        self._server = server
        self.address = address
        self._connections = connections

    @classmethod
    async def open(
        cls,
        handler: Handler,
        admit: Admit,
        *,
        keep: int,
        listening: socket.socket | None = None,
        where: Binding = _HERE,
    ) -> Listener:
        """Listen on a free port of loopback, or on a socket that is bound already.

        Args:
            handler: serves the requests.
            admit: as in Connection.
            keep: as in Connection.
            listening: a socket that `bind` made; None: a new one.
            where: the address that `listening` was bound to.
        """
        connections: set[Connection] = set()
        listening = listening or bind(where)
        port: int = listening.getsockname()[1]
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(handler, admit, keep, connections), sock=listening, backlog=_BACKLOG
        )
        return cls(server, where.reached(port), connections)

    def close(self) -> None:
        """Stop listening and cut every connection; requests in progress are handled to the end."""
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
