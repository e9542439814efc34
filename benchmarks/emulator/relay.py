"""The floor: hands a POST to the official runtime client and its answer back, and does no more.

    relay.py bare    sockets and an HTTP parser
    relay.py stack   the same on the emulator's HTTP stack and Runtime API

prints `{"front": "host:port", "runtime": "host:port"}` and runs until its stdin ends. No freeze,
no metering, no cgroup, no log; one function, one call at a time.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import httptools
import msgspec
import uvloop

from lambdameter.emulator.control.api import control_api_guard
from lambdameter.emulator.execution.runtime_api import ADMIT, runtime_api
from lambdameter.emulator.execution.runtime_api.peer import Delivery
from lambdameter.emulator.http.binding import LOOPBACK
from lambdameter.emulator.http.listener import Listener
from lambdameter.emulator.http.messages import Request, Response
from lambdameter.emulator.http.routes import Routes

KEEP_BYTES = 1_000_000
ARN = "arn:aws:lambda:us-east-1:000000000000:function:noop"


def headers_for(number: int) -> dict[str, str]:
    """What the official clients must have."""
    return {
        "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{number:012d}",
        "Lambda-Runtime-Deadline-Ms": "4102444800000",
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
    }


class Exchange(asyncio.Protocol):
    """One HTTP connection; `handle` gets (path, body, answer) for each request."""

    def __init__(self, handle: Callable[[bytes, bytes, Callable[[bytes], None]], None]) -> None:
        self._handle = handle
        self._path, self._body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """A request begins."""
        self._path, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        self._body += body

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._handle(self._path, self._body, self._transport.write)  # type: ignore[attr-defined]


class BareRelay:
    """One call at a time: whoever asks first waits for the other."""

    def __init__(self) -> None:
        self._number = 0
        self._event: bytes | None = None
        self._next: Callable[[bytes], None] | None = None
        self._caller: Callable[[bytes], None] = lambda _: None

    def front(self, _path: bytes, body: bytes, answer: Callable[[bytes], None]) -> None:
        """Invoke."""
        self._event, self._caller = body, answer
        self._deliver()

    def runtime(self, path: bytes, body: bytes, answer: Callable[[bytes], None]) -> None:
        """The Runtime API's next and response."""
        if path.endswith(b"/next"):
            self._next = answer
            self._deliver()
        else:
            answer(message(b"202 Accepted", b""))
            self._caller(message(b"200 OK", body))

    def _deliver(self) -> None:
        if self._event is None or self._next is None:
            return
        self._number += 1
        event, self._event = self._event, None
        answer, self._next = self._next, None
        answer(message(b"200 OK", event, headers_for(self._number)))


def message(status: bytes, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """An answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()).encode()
    # Without a Content-Type awslambdaric 4.2.2 dies of a segmentation fault.
    lines += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, lines, body)


class Peer:
    """The same relay as the emulator's Runtime API wants it."""

    def __init__(self) -> None:
        self._number = 0
        self._events: asyncio.Queue[bytes] = asyncio.Queue()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def invoke(self, request: Request) -> Response:
        """Invoke."""
        self._events.put_nowait(request.body or b"")
        return Response(body=await self._answers.get())

    async def next_event(self) -> Delivery | None:
        """As RuntimePeer has it."""
        payload = await self._events.get()
        self._number += 1
        return Delivery(headers=headers_for(self._number), payload=payload)

    def respond(self, _request_id: str, payload: bytes | None) -> None:
        """As RuntimePeer has it."""
        self._answers.put_nowait(payload or b"")

    def report_error(self, _request_id: str, payload: bytes) -> None:
        """As RuntimePeer has it."""
        sys.exit(payload.decode())

    def report_init_error(self, error_type: str, payload: bytes) -> None:
        """As RuntimePeer has it."""
        sys.exit(f"{error_type} {payload.decode()}")


async def bare() -> tuple[str, str]:
    """Serve on sockets and a parser; the two addresses."""
    relay, loop = BareRelay(), asyncio.get_running_loop()
    found = []
    for handle in (relay.front, relay.runtime):
        server = await loop.create_server(lambda handle=handle: Exchange(handle), LOOPBACK, 0)  # type: ignore[misc]
        host, port = server.sockets[0].getsockname()
        found.append(f"{host}:{port}")
    return found[0], found[1]


async def stack() -> tuple[str, str]:
    """Serve on the emulator's own HTTP stack; the two addresses."""
    peer = Peer()
    front = Routes([("POST", "/2015-03-31/functions/{name}/invocations", peer.invoke)], peer.invoke)
    apis = ((front, control_api_guard()), (runtime_api(peer), ADMIT))
    listeners = [await Listener.open(*api, keep=KEEP_BYTES) for api in apis]
    return listeners[0].address, listeners[1].address


async def main(kind: str) -> None:
    """Serve until stdin ends."""
    front, runtime = await {"bare": bare, "stack": stack}[kind]()
    print(msgspec.json.encode({"front": front, "runtime": runtime}).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
