"""@connections, by boto3 and by hand."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from websockets.exceptions import ConnectionClosed

from lambdameter.emulator.gateway.protocol import MAX_MESSAGE_BYTES

Call = Callable[..., Any]


@pytest.fixture
def call(served: Any) -> Iterator[Call]:
    """An operation of `apigatewaymanagementapi`, in a thread of its own."""
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=served.found.connections,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )

    async def done(operation: str, connection_id: str, **parameters: Any) -> Any:
        method = getattr(client, operation)
        return await asyncio.to_thread(method, ConnectionId=connection_id, **parameters)

    yield done
    client.close()


async def refused(calling: Any) -> tuple[str, int]:
    """The name of boto3's exception, and the status."""
    with pytest.raises(Exception, match="error occurred") as error:
        await calling
    status = error.value.response["ResponseMetadata"]["HTTPStatusCode"]  # type: ignore[attr-defined]
    return type(error.value).__name__, status


async def test_a_post_reaches_its_client_as_text(served: Any, call: Call) -> None:
    async with served.connect() as websocket:
        connection_id = await served.connection_id()
        await call("post_to_connection", connection_id, Data='{"é": 1}'.encode())
        assert await websocket.recv() == '{"é": 1}'


async def test_posts_arrive_in_their_order(served: Any, call: Call) -> None:
    async with served.connect() as websocket:
        connection_id = await served.connection_id()
        for number in range(20):
            await call("post_to_connection", connection_id, Data=str(number).encode())
        assert [await websocket.recv() for _ in range(20)] == [str(n) for n in range(20)]


async def test_get_tells_who_it_is_and_when_it_was_active(
    served: Any, functions: Any, call: Call, host: Any
) -> None:
    async with served.connect(user_agent_header="u") as websocket:
        connection_id = await served.connection_id()
        host.clock.advance(5_000.0)
        await websocket.send("x")
        await functions.next("default")
        told = await call("get_connection", connection_id)
    assert told["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "u"}
    assert (told["LastActiveAt"] - told["ConnectedAt"]).total_seconds() == 5.0


async def test_delete_closes_it_and_disconnect_hears_of_it(
    served: Any, functions: Any, call: Call
) -> None:
    async with served.connect() as websocket:
        await call("delete_connection", await served.connection_id())
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1000
    assert (await functions.next("disconnect"))["requestContext"]["disconnectStatusCode"] == 1000


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("post_to_connection", {"Data": b"x"}), ("get_connection", {}), ("delete_connection", {})],
)
async def test_a_connection_that_is_gone_is_410(
    served: Any, functions: Any, call: Call, operation: str, parameters: dict[str, Any]
) -> None:
    async with served.connect():
        connection_id = await served.connection_id()
    await functions.next("disconnect")
    assert await refused(call(operation, connection_id, **parameters)) == ("GoneException", 410)
    assert await refused(call(operation, "never=", **parameters)) == ("GoneException", 410)


async def test_during_connect_it_is_410_and_after_it_it_is_there(
    served: Any, functions: Any, call: Call
) -> None:
    seen: list[tuple[str, int]] = []

    async def connecting(event: dict[str, Any]) -> bytes:
        connection_id = event["requestContext"]["connectionId"]
        seen.append(await refused(call("post_to_connection", connection_id, Data=b"early")))
        return b'{"statusCode": 200}'

    functions.handlers["connect"] = connecting
    async with served.connect() as websocket:
        await call("post_to_connection", await served.connection_id(), Data=b"in time")
        assert await websocket.recv() == "in time"
    assert seen == [("GoneException", 410)]


async def test_a_post_at_the_limit_is_taken_and_one_over_it_is_413(served: Any, call: Call) -> None:
    async with served.connect() as websocket:
        connection_id = await served.connection_id()
        await call("post_to_connection", connection_id, Data=b"x" * MAX_MESSAGE_BYTES)
        assert len(await websocket.recv()) == MAX_MESSAGE_BYTES
        over = call("post_to_connection", connection_id, Data=b"x" * (MAX_MESSAGE_BYTES + 1))
        assert await refused(over) == ("PayloadTooLargeException", 413)


async def test_what_is_no_text_is_refused(served: Any, call: Call) -> None:
    async with served.connect():
        connection_id = await served.connection_id()
        posting = call("post_to_connection", connection_id, Data=b"\xff")
        assert (await refused(posting))[1] == 400


async def test_a_client_that_does_not_read_is_429_then_cut_and_the_rest_go_on(
    served: Any, functions: Any, call: Call
) -> None:
    async with served.connect(max_queue=1) as slow, served.connect() as other:
        ids = [await served.connection_id() for _ in range(2)]
        slow_id = ids[0]
        with contextlib.suppress(ConnectionClosed):
            slow.transport.pause_reading()
        posted = 0
        told = None
        while told is None and posted < 500:
            posted += 1
            try:
                await call("post_to_connection", slow_id, Data=b"x" * MAX_MESSAGE_BYTES)
            except Exception as error:  # noqa: BLE001 - which one is what is asked
                told = type(error).__name__
        assert told == "LimitExceededException"
        context = (await functions.next("disconnect"))["requestContext"]
        assert (context["connectionId"], context["disconnectStatusCode"]) == (slow_id, 1006)
        await call("post_to_connection", ids[1], Data=b"still here")
        assert await other.recv() == "still here"
        slow.transport.abort()


def ask(served: Any, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(served.found.domain)
    connection.request(method, path, b"x", headers)
    response = connection.getresponse()
    answered = response.status, json.loads(response.read())
    connection.close()
    return answered


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/live/@connections/c", {"Origin": "http://evil.example"}),
        ("/live/@connections/c", {"Host": "evil.example"}),
        ("/dev/@connections/c", {}),
        ("/live", {}),
    ],
)
async def test_a_foreign_page_a_bent_name_and_another_path_are_403(
    served: Any, path: str, headers: dict[str, str]
) -> None:
    answered = await asyncio.to_thread(ask, served, "POST", path, headers)
    assert answered == (403, {"message": "Forbidden"})
