from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable

import pytest

from lambdameter.emulator.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.lifecycle import Event, InvalidTransitionError, State
from lambdameter.emulator.listener import Listener
from lambdameter.emulator.runtime_api import runtime_api
from lambdameter.emulator.runtime_api.answers import InvalidRequestIdError
from lambdameter.emulator.runtime_api.peer import Delivery

RUNTIME = "/2018-06-01/runtime"
Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[..., "asyncio.Future[Answer]"]


class Peer:
    def __init__(self) -> None:
        self.delivery: Delivery | None = Delivery(
            headers={"Lambda-Runtime-Aws-Request-Id": "r1"}, payload=b'{"n":1}'
        )
        self.calls: list[tuple[object, ...]] = []
        self.refusal: Exception | None = None

    async def next_event(self) -> Delivery | None:
        if self.refusal:
            raise self.refusal
        return self.delivery

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
async def ask(peer: Peer) -> AsyncIterator[Ask]:
    listener = await Listener.open(runtime_api(peer))

    def exchange(
        method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(listener.address)
        connection.request(method, RUNTIME + path, body, headers or {})  # type: ignore[arg-type]
        response = connection.getresponse()
        answer = (response.status, dict(response.getheaders()), response.read())
        connection.close()
        return answer

    yield lambda *request: asyncio.ensure_future(asyncio.to_thread(exchange, *request))
    listener.close()


async def test_next_gives_the_event_with_its_headers(ask: Ask):
    status, headers, body = await ask("GET", "/invocation/next")
    assert (status, body) == (200, b'{"n":1}')
    assert headers["lambda-runtime-aws-request-id"] == "r1"
    assert headers["content-type"] == "application/json"


async def test_a_response_is_accepted(ask: Ask, peer: Peer):
    status, _, body = await ask("POST", "/invocation/r1/response", b"[1]")
    assert (status, body) == (202, b'{"status":"OK"}')
    assert peer.calls == [("respond", "r1", b"[1]")]


async def test_a_chunked_response_is_put_together(ask: Ask, peer: Peer):
    await ask("POST", "/invocation/r1/response", iter([b"ab", b"cd"]))
    assert peer.calls == [("respond", "r1", b"abcd")]


async def test_a_stream_that_broke_off_says_so_in_its_trailers(peer: Peer):
    listener = await Listener.open(runtime_api(peer))
    host, port = listener.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: x\r\n"
        b"Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
        b"4\r\nhalf\r\n0\r\nLambda-Runtime-Function-Error-Type: Runtime.Broken\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 202")
    assert peer.calls == [("error", "r1", b"half")]
    writer.close()
    listener.close()


async def test_a_response_over_the_limit_is_413(ask: Ask, peer: Peer):
    status, _, body = await ask("POST", "/invocation/r1/response", b"x" * (MAX_RESPONSE_BYTES + 1))
    assert status == 413
    assert json.loads(body)["errorType"] == "RequestEntityTooLarge"
    assert peer.calls == [("respond", "r1", None)]


async def test_a_response_at_the_limit_is_taken(ask: Ask):
    status, _, _ = await ask("POST", "/invocation/r1/response", b"x" * MAX_RESPONSE_BYTES)
    assert status == 202


async def test_an_error_is_taken_as_it_is_worded(ask: Ask, peer: Peer):
    assert (await ask("POST", "/invocation/r1/error", b'{"errorType":"E"}'))[0] == 202
    assert peer.calls == [("error", "r1", b'{"errorType":"E"}')]


@pytest.mark.parametrize(
    ("named", "taken"),
    [("Runtime.ImportModuleError", "Runtime.ImportModuleError"), ("KeyError", "Runtime.Unknown")],
)
async def test_an_init_error_of_another_form_is_unknown(
    ask: Ask, peer: Peer, named: str, taken: str
):
    headers = {"Lambda-Runtime-Function-Error-Type": named}
    assert (await ask("POST", "/init/error", b"{}", headers))[0] == 202
    assert peer.calls == [("init", taken, b"{}")]


async def test_a_request_id_that_is_not_the_current_one_is_400(ask: Ask, peer: Peer):
    peer.refusal = InvalidRequestIdError()
    status, _, body = await ask("POST", "/invocation/old/response", b"1")
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")


async def test_what_the_lifecycle_has_no_place_for_is_403(ask: Ask, peer: Peer):
    peer.refusal = InvalidTransitionError(State.INVOKE, Event.NEXT)
    status, _, body = await ask("GET", "/invocation/next")
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")
