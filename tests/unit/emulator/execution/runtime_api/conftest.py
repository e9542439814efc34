"""The Runtime API on a port, before a peer that notes what it is told."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest

from lambdameter.emulator.execution.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.execution.runtime_api import ADMIT, runtime_api
from lambdameter.emulator.execution.runtime_api.peer import Delivery
from lambdameter.emulator.http.listener import Listener

RUNTIME = "/2018-06-01/runtime"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error_type(self) -> str:
        return str(json.loads(self.body)["errorType"])


class Peer:
    def __init__(self) -> None:
        self.delivery: Delivery | None = Delivery(
            headers={"Lambda-Runtime-Aws-Request-Id": "r1"}, payload=b'{"n":1}'
        )
        self.calls: list[tuple[object, ...]] = []
        self.refusal: Exception | None = None

    def next_event(self) -> asyncio.Future[Delivery | None]:
        if self.refusal:
            raise self.refusal
        event = asyncio.get_running_loop().create_future()
        event.set_result(self.delivery)
        return event

    def respond(self, request_id: str, payload: bytes | None) -> None:
        self._take("respond", request_id, payload)

    def report_error(self, request_id: str, payload: bytes) -> None:
        self._take("error", request_id, payload)

    def report_init_error(self, error_type: str, payload: bytes) -> None:
        self._take("init", error_type, payload)

    def _take(self, *call: object) -> None:
        if self.refusal:
            raise self.refusal
        self.calls.append(call)


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
async def address(peer: Peer) -> AsyncIterator[str]:
    listener = await Listener.open(runtime_api(peer), ADMIT, keep=MAX_RESPONSE_BYTES)
    yield listener.address
    listener.close()


@pytest.fixture
async def ask(address: str) -> Callable[..., asyncio.Future[Answer]]:
    """(method, path below /runtime, body, headers) -> Answer."""

    def exchange(
        method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(address)
        connection.request(method, RUNTIME + path, body, headers or {})
        response = connection.getresponse()
        lower = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, lower, response.read())
        connection.close()
        return answer

    return lambda *request: asyncio.ensure_future(asyncio.to_thread(exchange, *request))
