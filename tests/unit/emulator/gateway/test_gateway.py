"""The gateway as clients and functions meet it, by clients of other people's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lambdameter.emulator.gateway import protocol
from lambdameter.emulator.gateway.gateway import MAX_COMING_AND_GOING
from lambdameter.emulator.gateway.session import MAX_IN_FLIGHT


async def closed(websocket: Any) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed):
        await websocket.recv()
    return websocket.close_code, websocket.close_reason


async def test_connect_message_and_disconnect_are_told_with_one_connection_id(
    served: Any, functions: Any
) -> None:
    async with served.connect(user_agent_header="u") as websocket:
        connected = (await functions.next("connect"))["requestContext"]
        await websocket.send('{"action": "run", "n": 1}')
        message = await functions.next("runner")
    disconnected = (await functions.next("disconnect"))["requestContext"]
    contexts = (connected, message["requestContext"], disconnected)
    assert len({context["connectionId"] for context in contexts}) == 1
    assert [context["eventType"] for context in contexts] == ["CONNECT", "MESSAGE", "DISCONNECT"]
    assert {context["domainName"] for context in contexts} == {served.found.domain}
    assert message["body"] == '{"action": "run", "n": 1}'
    assert connected["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "u"}
    assert disconnected["disconnectStatusCode"] == 1000


async def test_the_code_and_reason_that_a_client_gives_reach_disconnect(
    served: Any, functions: Any
) -> None:
    async with served.connect() as websocket:
        await websocket.close(4_001, "lane closed")
    context = (await functions.next("disconnect"))["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4_001, "lane closed")


async def test_a_client_that_is_cut_off_is_1006(served: Any, functions: Any) -> None:
    async with served.connect() as websocket:
        websocket.transport.abort()
        context = (await functions.next("disconnect"))["requestContext"]
    assert context["disconnectStatusCode"] == 1006


@pytest.mark.parametrize("body", ["no json", "[1]", '{"action": "none"}', '{"action": "$connect"}'])
async def test_what_has_no_route_of_its_own_is_the_defaults(
    served: Any, functions: Any, body: str
) -> None:
    async with served.connect() as websocket:
        await websocket.send(body)
        event = await functions.next("default")
    assert (event["requestContext"]["routeKey"], event["body"]) == ("$default", body)


async def test_what_a_function_answers_to_a_message_is_not_sent(
    served: Any, functions: Any
) -> None:
    functions.answers("runner", b'{"statusCode": 200, "body": "x"}')
    async with served.connect() as websocket:
        connection_id = await served.connection_id()
        await websocket.send('{"action": "run"}')
        await functions.next("runner")
        served.gateway.session(connection_id).post("after it")
        assert await websocket.recv() == "after it"


@pytest.mark.parametrize(
    ("payload", "error"), [(b'{"errorType":"E"}', "Unhandled"), (b"null", None)]
)
async def test_a_function_that_fails_is_told_to_the_client(
    served: Any, functions: Any, payload: bytes, error: str | None
) -> None:
    functions.answers("runner", payload, error)
    async with served.connect() as websocket:
        await websocket.send('{"action": "run"}')
        event = await functions.next("runner")
        told = json.loads(await websocket.recv())
    context = event["requestContext"]
    assert told == {
        "message": "Internal server error",
        "connectionId": context["connectionId"],
        "requestId": context["requestId"],
    }


async def test_a_function_that_is_not_there_is_an_internal_error(
    served: Any, functions: Any
) -> None:
    functions.missing.add("runner")
    async with served.connect() as websocket:
        await websocket.send('{"action": "run"}')
        assert json.loads(await websocket.recv())["message"] == "Internal server error"


async def test_a_function_that_takes_29_seconds_is_not_waited_for_and_goes_on(
    served: Any, functions: Any, host: Any
) -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def slow(_event: dict[str, Any]) -> bytes:
        await go_on.wait()
        ended.set()
        return b'{"statusCode": 200}'

    functions.handlers["runner"] = slow
    async with served.connect() as websocket:
        await websocket.send('{"action": "run"}')
        await functions.next("runner")
        host.clock.advance(protocol.INTEGRATION_LIMIT_MS)
        assert json.loads(await websocket.recv())["message"] == "Endpoint request timed out"
        go_on.set()
        await ended.wait()


@pytest.mark.parametrize(
    ("payload", "error", "status"),
    [
        (b'{"statusCode": 401}', None, 401),
        (b'{"statusCode": "403"}', None, 403),
        (b'{"errorType":"E"}', "Unhandled", 502),
        (b'"yes"', None, 502),
        (b'{"statusCode": 7}', None, 502),
    ],
)
async def test_connect_decides_whether_the_handshake_is_accepted(
    served: Any, functions: Any, payload: bytes, error: str | None, status: int
) -> None:
    functions.answers("connect", payload, error)
    with pytest.raises(InvalidStatus) as refused:
        await served.connect()
    assert refused.value.response.status_code == status
    assert functions.seen.get_nowait()[0] == "connect"
    assert functions.seen.empty()


async def test_a_connect_that_takes_29_seconds_is_504(
    served: Any, functions: Any, host: Any
) -> None:
    async def never(_event: dict[str, Any]) -> bytes:
        await asyncio.Event().wait()
        return b""

    functions.handlers["connect"] = never
    connecting = asyncio.ensure_future(served.connect().__aenter__())
    await functions.next("connect")
    host.clock.advance(protocol.INTEGRATION_LIMIT_MS)
    with pytest.raises(InvalidStatus) as refused:
        await connecting
    assert refused.value.response.status_code == 504


async def test_a_connection_that_is_idle_for_ten_minutes_is_closed(
    served: Any, functions: Any, host: Any
) -> None:
    async with served.connect() as websocket:
        host.clock.advance(protocol.IDLE_LIMIT_MS - 1)
        await websocket.send('{"action": "run"}')
        await functions.next("runner")
        host.clock.advance(protocol.IDLE_LIMIT_MS - 1)
        assert websocket.close_code is None
        host.clock.advance(1)
        assert await closed(websocket) == (1001, "Going away")
    context = (await functions.next("disconnect"))["requestContext"]
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1001, "Going away")


async def test_a_connection_is_closed_after_two_hours_however_busy(
    served: Any, functions: Any, host: Any
) -> None:
    async with served.connect() as websocket:
        for _ in range(12):
            host.clock.advance(protocol.IDLE_LIMIT_MS - 1_000)
            await websocket.send('{"action": "run"}')
            await functions.next("runner")
        host.clock.advance(12_000)
        assert await closed(websocket) == (1001, "Going away")


async def test_of_a_client_that_floods_sixteen_messages_are_in_flight_and_the_rest_wait_outside(
    served: Any, functions: Any
) -> None:
    together = asyncio.Barrier(MAX_IN_FLIGHT)
    running = 0
    seen: list[tuple[int, int]] = []

    async def slow(_event: dict[str, Any]) -> bytes:
        nonlocal running
        running += 1
        await together.wait()
        seen.append((running, served.below().queue.qsize()))
        running -= 1
        return b'{"statusCode": 200}'

    functions.handlers["runner"] = slow
    text = json.dumps({"action": "run", "fill": "x" * 30_000})
    async with served.connect() as websocket:
        for _ in range(20 * MAX_IN_FLIGHT):
            await websocket.send(text)
        for _ in range(20 * MAX_IN_FLIGHT):
            await functions.next("runner")
    in_flight, stored = (max(column) for column in zip(*seen, strict=True))
    assert in_flight == MAX_IN_FLIGHT
    # What the loop reads at once, 256 KB.
    assert stored < 10


async def test_a_client_whose_messages_all_hang_goes_on_after_29_seconds(
    served: Any, functions: Any, host: Any
) -> None:
    async def never(_event: dict[str, Any]) -> bytes:
        await asyncio.Event().wait()
        return b""

    functions.handlers["runner"] = never
    async with served.connect() as websocket:
        for _ in range(MAX_IN_FLIGHT):
            await websocket.send('{"action": "run"}')
            await functions.next("runner")
        await websocket.send("after it")
        host.clock.advance(protocol.INTEGRATION_LIMIT_MS)
        assert (await functions.next("default"))["body"] == "after it"


async def test_a_client_that_is_gone_before_connect_answers_is_told_to_disconnect(
    served: Any, functions: Any
) -> None:
    gone = asyncio.Event()

    async def connecting(_event: dict[str, Any]) -> bytes:
        await gone.wait()
        return b'{"statusCode": 200}'

    functions.handlers["connect"] = connecting
    client = asyncio.ensure_future(served.connect().__aenter__())
    connected = (await functions.next("connect"))["requestContext"]
    client.cancel()
    await asyncio.wait([client])
    gone.set()
    context = (await functions.next("disconnect"))["requestContext"]
    assert context["connectionId"] == connected["connectionId"]
    assert context["disconnectStatusCode"] == 1006


async def test_what_has_no_route_at_all_is_forbidden_and_the_connection_stays(
    served: Any, functions: Any
) -> None:
    served.gateway.api.routes.pop("$default")
    async with served.connect() as websocket:
        await websocket.send('{"action": "none"}')
        assert json.loads(await websocket.recv())["message"] == "Forbidden"
        await websocket.send('{"action": "run"}')
        await functions.next("runner")


async def test_without_a_connect_route_everyone_is_accepted(served: Any, functions: Any) -> None:
    served.gateway.api.routes.pop("$connect")
    async with served.connect() as websocket:
        await websocket.send("x")
        await functions.next("default")


async def test_clients_that_come_and_go_at_once_are_greeted_thirty_two_at_a_time(
    served: Any, functions: Any
) -> None:
    together = asyncio.Barrier(MAX_COMING_AND_GOING)
    running, most = 0, 0

    async def slow(_event: dict[str, Any]) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await together.wait()
        running -= 1
        return b'{"statusCode": 200}'

    functions.handlers |= {"connect": slow, "disconnect": slow}
    clients = await asyncio.gather(*(served.connect() for _ in range(3 * MAX_COMING_AND_GOING)))
    await asyncio.gather(*(client.close() for client in clients))
    for _ in clients:
        await functions.next("disconnect")
    assert most == MAX_COMING_AND_GOING


async def test_who_waits_for_its_turn_has_29_seconds_from_then_on(
    served: Any, functions: Any, host: Any
) -> None:
    async def never(_event: dict[str, Any]) -> bytes:
        await asyncio.Event().wait()
        return b""

    functions.handlers["connect"] = never
    first = [
        asyncio.ensure_future(served.connect().__aenter__()) for _ in range(MAX_COMING_AND_GOING)
    ]
    for _ in first:
        await functions.next("connect")
    last = asyncio.ensure_future(served.connect().__aenter__())
    # uvicorn tells nobody of it.
    while len(served.listener._state.connections) <= MAX_COMING_AND_GOING:  # noqa: ASYNC110
        await asyncio.sleep(0)
    functions.answers("connect", b'{"statusCode": 200}')
    host.clock.advance(protocol.INTEGRATION_LIMIT_MS)
    for told in await asyncio.gather(*first, return_exceptions=True):
        assert isinstance(told, InvalidStatus)
        assert told.response.status_code == 504
    await (await last).close()


async def test_many_connections_are_told_apart(served: Any) -> None:
    clients = await asyncio.gather(*(served.connect() for _ in range(50)))
    ids = [await served.connection_id() for _ in clients]
    assert len(set(ids)) == 50
    for number, connection_id in enumerate(ids):
        served.gateway.session(connection_id).post(str(number))
    assert {await client.recv() for client in clients} == {str(number) for number in range(50)}
    for client in clients:
        await client.close()
