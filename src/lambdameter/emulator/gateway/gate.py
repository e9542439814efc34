"""The socket of a WebSocket API: taken early, opened to clients late."""

from __future__ import annotations

import socket
from typing import NamedTuple

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.gateway.gateway import Gateway, InvokeFunction
from lambdameter.emulator.gateway.listener import Addresses, GatewayListener, bind


class Gate(NamedTuple):
    """A WebSocket API whose port is taken before functions are told where it is."""

    api: WebSocketApi
    listening: socket.socket
    addresses: Addresses

    @classmethod
    def open(cls, api: WebSocketApi) -> Gate:
        """Take the port. Raises HostError: it is in use, or the address is not this host's."""
        listening = bind(api.listen)
        return cls(api, listening, Addresses(api, listening))

    async def serve(self, clock: Clock, invoke: InvokeFunction) -> GatewayListener:
        """Let clients in, now that there are functions."""
        gateway = Gateway(self.api, self.addresses.domain, clock, invoke)
        return await GatewayListener.open(gateway, self.listening)
