"""A WebSocket API's socket, bound early and served late."""

from __future__ import annotations

import socket
from typing import NamedTuple

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.gateway.gateway import Gateway, InvokeFunction
from lambdameter.emulator.gateway.listener import Addresses, GatewayListener, bind


class BoundGateway(NamedTuple):
    """A WebSocket API whose socket is bound before functions learn its address."""

    api: WebSocketApi
    listening: socket.socket
    addresses: Addresses

    @classmethod
    def bind(cls, api: WebSocketApi) -> BoundGateway:
        """Bind the socket.

        Raises:
            HostError: the port is in use, or the address is not one of this host.
        """
        listening = bind(api.listen)
        return cls(api, listening, Addresses(api, listening))

    async def serve(self, clock: Clock, invoke: InvokeFunction) -> GatewayListener:
        """Serve clients, now that there are functions."""
        gateway = Gateway(self.api, self.addresses.domain, clock, invoke)
        return await GatewayListener.open(gateway, self.listening)
