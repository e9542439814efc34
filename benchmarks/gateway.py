"""What the gateway adds to a message, over an echo by the same server in the same process.

    .venv/bin/python -P benchmarks/gateway.py    # half a minute, on an idle machine; prints
                                                 # what docs/benchmarks/gateway.txt holds

200 connections are open, 20 of them (the lanes of a race) send, each its next message when the
one before has come back. Three ways, in turns: a bare echo (uvicorn and Starlette, nothing else);
through the gateway to a route whose function posts the message back at once, so that what is
measured is routing, the event and the invocation's bookkeeping, and no function; and a POST to
@connections over HTTP until its client has the message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np
import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect

from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.gateway.gateway import Gateway
from lambdameter.emulator.gateway.listener import Addresses, GatewayListener, bind

LANES, CONNECTIONS, ROUNDS, MESSAGES = 20, 200, 10, 50
# As a racer tells of its progress.
TEXT = json.dumps({"action": "run", "lane": "python-1024-csv", "records": 12_000, "ms": 3456.7})

ECHO = "bare echo"

# What is done, and by how many lanes at once.
Way = tuple[str, int]
Exchange = Callable[[ClientConnection], Awaitable[None]]


async def serve() -> None:
    """Both servers, on one loop; their addresses on stdout, until stdin ends."""
    api = WebSocketApi(name="bench", stage="live", routes={"$default": "who", "run": "back"})
    listening = bind(api.listen)
    found = Addresses(api, listening)

    async def invoke(name: str, request: InvocationRequest) -> Outcome:
        event = msgspec.json.decode(request.payload)
        connection_id = event["requestContext"]["connectionId"]
        text = connection_id if name == "who" else event["body"]
        gateway.session(connection_id).post(text)
        return Outcome(b'{"statusCode": 200}', None, None, None, None)  # type: ignore[arg-type]

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.send_text(await websocket.receive_text())

    gateway = Gateway(api, found.domain, SystemClock(), invoke)
    listener = await GatewayListener.open(gateway, listening)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/", echo)]),
        ws="wsproto",
        http="httptools",
        log_level="error",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
    )
    bare = uvicorn.Server(config)
    socket = bind(Listen())
    address = socket.getsockname()
    serving = asyncio.ensure_future(bare.serve(sockets=[socket]))
    print(json.dumps([f"ws://{address[0]}:{address[1]}", found.websocket]), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await listener.close()
    bare.should_exit = bare.force_exit = True
    await serving


class Poster:
    """One lane's HTTP connection to @connections."""

    def __init__(self, url: str, connection_id: str) -> None:
        self._host, _, stage = url.removeprefix("ws://").partition("/")
        self._head = (
            f"POST /{stage}/@connections/{quote(connection_id)} HTTP/1.1\r\n"
            f"Host: {self._host}\r\nContent-Length: {len(TEXT)}\r\n\r\n"
        )

    async def open(self) -> Poster:
        """Connect, once."""
        self._reader, self._writer = await asyncio.open_connection(*self._host.split(":"))
        return self

    async def exchange(self, websocket: ClientConnection) -> None:
        """Post, and wait for the message; its HTTP answer has come by the next one."""
        self._writer.write((self._head + TEXT).encode())
        await websocket.recv()
        await self._reader.readuntil(b"\r\n\r\n{}")


async def there_and_back(websocket: ClientConnection) -> None:
    """Send, and wait until it has come back."""
    await websocket.send(TEXT)
    await websocket.recv()


async def lane(websocket: ClientConnection, exchange: Exchange) -> list[float]:
    """MESSAGES of them, ms."""
    taken = []
    for _ in range(MESSAGES):
        began = time.perf_counter_ns()
        await exchange(websocket)
        taken.append((time.perf_counter_ns() - began) / 1e6)
    return taken


async def clients(url: str) -> list[ClientConnection]:
    """All connections."""
    options: dict[str, Any] = {"proxy": None, "compression": None, "ping_interval": None}
    return [await connect(url, **options) for _ in range(CONNECTIONS)]


async def connection_id(websocket: ClientConnection) -> str:
    """As the gateway calls it."""
    await websocket.send("who")
    return str(await websocket.recv())


async def measure(echo_url: str, gateway_url: str) -> dict[Way, list[float]]:
    """Every message's latency by way, ms."""
    bare, served = await clients(echo_url), await clients(gateway_url)
    lanes = served[:LANES]
    posters = [await Poster(gateway_url, await connection_id(one)).open() for one in lanes]
    exchanges: dict[str, list[tuple[ClientConnection, Exchange]]] = {
        ECHO: [(one, there_and_back) for one in bare[:LANES]],
        "gateway, there and back": [(one, there_and_back) for one in lanes],
        "POST @connections": [
            (one, poster.exchange) for one, poster in zip(lanes, posters, strict=True)
        ],
    }
    ways = {(way, count): those[:count] for count in (LANES, 1) for way, those in exchanges.items()}
    samples: dict[Way, list[float]] = {way: [] for way in ways}
    order = random.Random(1)  # noqa: S311 - an order, no secret
    for turn in range(ROUNDS + 1):
        for way in order.sample(list(ways), len(ways)):
            taken = await asyncio.gather(*(lane(one, exchange) for one, exchange in ways[way]))
            if turn:  # The first is to warm up.
                samples[way] += [ms for of_lane in taken for ms in of_lane]
    await asyncio.gather(*(one.close() for one in (*bare, *served)))
    return samples


async def run() -> dict[Way, list[float]]:
    """Start the servers in a process of their own, measure, and end them."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", __file__, "--serve"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if server.stdin is None or server.stdout is None:
        raise TypeError(server)
    try:
        return await measure(*json.loads(await server.stdout.readline()))
    finally:
        server.stdin.close()
        await server.wait()


def table(samples: dict[Way, list[float]]) -> Table:
    """p50 and p95 of each, and as multiples of the echo's at as many lanes."""
    shown = Table("way", "lanes", "p50 ms", "p95 ms", "p50 / echo", "p95 / echo")
    for (name, lanes), taken in samples.items():
        p50, p95 = np.percentile(taken, [50, 95])
        echo50, echo95 = np.percentile(samples[ECHO, lanes], [50, 95])
        shown.add_row(
            name,
            str(lanes),
            f"{p50:.2f}",
            f"{p95:.2f}",
            f"{p50 / echo50:.2f}",
            f"{p95 / echo95:.2f}",
        )
    return shown


def main() -> int:
    """Measure and print."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if sys.argv[1:] == ["--serve"]:
            runner.run(serve())
            return 0
        samples = runner.run(run())
    console = Console(width=100, highlight=False)
    console.print(
        f"Generated by benchmarks/gateway.py: {CONNECTIONS} connections to each server, "
        f"{ROUNDS * MESSAGES:,} messages of {len(TEXT)} bytes a lane, the ways in turns; "
        f"{os.cpu_count()} CPUs, CPython {platform.python_version()}, Linux {platform.release()}."
    )
    console.print(table(samples))
    console.print(
        "Server and clients are two processes. No function runs: what stands behind the route "
        f"posts the message back at once. At {LANES} lanes a message waits for those of "
        f"{LANES - 1} others, in both processes."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
