from __future__ import annotations

import asyncio
from typing import Any

from lambdameter.emulator.execution.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.execution.runtime_api.answers import InvalidRequestIdError


async def test_a_response_is_accepted(ask: Any, peer: Any) -> None:
    answer = await ask("POST", "/invocation/r1/response", b"[1]")
    assert (answer.status, answer.body) == (202, b'{"status":"OK"}')
    assert peer.calls == [("respond", "r1", b"[1]")]


async def test_a_chunked_response_is_put_together(ask: Any, peer: Any) -> None:
    await ask("POST", "/invocation/r1/response", iter([b"ab", b"cd"]))
    assert peer.calls == [("respond", "r1", b"abcd")]


async def test_a_stream_that_broke_off_says_so_in_its_trailers(address: str, peer: Any) -> None:
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(
        b"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
        b"4\r\nhalf\r\n0\r\nLambda-Runtime-Function-Error-Type: Runtime.Broken\r\n\r\n"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 202")
    assert peer.calls == [("error", "r1", b"half")]
    writer.close()


async def test_a_runtime_that_dies_in_the_middle_has_not_responded(
    address: str, ask: Any, peer: Any
) -> None:
    _, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(
        b"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 9\r\n\r\nhalf"
    )
    await writer.drain()
    writer.transport.abort()
    await ask("POST", "/invocation/r2/response", b"1")
    assert peer.calls == [("respond", "r2", b"1")]


async def test_a_response_over_the_limit_is_413(ask: Any, peer: Any) -> None:
    answer = await ask("POST", "/invocation/r1/response", b"x" * (MAX_RESPONSE_BYTES + 1))
    assert (answer.status, answer.error_type) == (413, "RequestEntityTooLarge")
    assert peer.calls == [("respond", "r1", None)]


async def test_a_response_at_the_limit_is_taken(ask: Any, peer: Any) -> None:
    answer = await ask("POST", "/invocation/r1/response", b"x" * MAX_RESPONSE_BYTES)
    assert answer.status == 202
    assert len(peer.calls[0][2]) == MAX_RESPONSE_BYTES


async def test_a_request_id_that_is_not_the_current_one_is_400(ask: Any, peer: Any) -> None:
    peer.refusal = InvalidRequestIdError()
    answer = await ask("POST", "/invocation/old/response", b"1")
    assert (answer.status, answer.error_type) == (400, "InvalidRequestID")
