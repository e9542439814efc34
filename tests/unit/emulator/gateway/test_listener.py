from __future__ import annotations

import asyncio
import resource
import socket
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.gateway.gateway import Gateway
from lambdameter.emulator.gateway.listener import Addresses, GatewayListener, bind
from lambdameter.errors import HostError


async def test_a_foreign_page_cannot_connect_and_no_function_hears_of_it(
    served: Any, functions: Any
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await served.connect(origin="http://evil.example")
    assert refused.value.response.status_code == 403
    assert functions.seen.empty()


async def test_a_name_that_was_bent_to_point_here_cannot_connect_either(
    served: Any, functions: Any
) -> None:
    port = int(served.found.domain.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://evil.example:{port}/live", host="127.0.0.1", port=port, proxy=None)
    assert refused.value.response.status_code == 403
    assert functions.seen.empty()


async def test_every_address_is_no_address_of_this_machines(served: Any, functions: Any) -> None:
    """Browsers reach loopback by 0.0.0.0, and tell of no site there."""
    port = int(served.found.domain.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://0.0.0.0:{port}/live", host="127.0.0.1", port=port, proxy=None)
    assert refused.value.response.status_code == 403
    assert functions.seen.empty()


async def test_a_page_that_was_told_can(served: Any, functions: Any) -> None:
    async with served.connect(origin="http://page:1"):
        headers = (await functions.next("connect"))["headers"]
    assert headers["Origin"] == "http://page:1"


@pytest.mark.parametrize("path", ["", "/", "/dev", "/live/more"])
async def test_another_path_is_403(served: Any, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{served.found.domain}{path}", proxy=None)
    assert refused.value.response.status_code == 403


async def test_a_thousand_connections_are_held_and_each_gets_its_own(
    served: Any, functions: Any
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients: list[Any] = []
    for _ in range(20):
        clients += await asyncio.gather(*(served.connect() for _ in range(50)))
    ids = [await served.connection_id() for _ in clients]
    for connection_id in ids:
        served.gateway.session(connection_id).post(connection_id)
    assert {await client.recv() for client in clients} == set(ids)
    await clients[-1].send("still routed")
    await functions.next("default")
    await asyncio.gather(*(client.close() for client in clients))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_at_the_end_clients_are_told_and_nothing_is_left(
    host: Any, api: WebSocketApi, functions: Any
) -> None:
    async def never(_event: dict[str, Any]) -> bytes:
        await asyncio.Event().wait()
        return b""

    functions.handlers["runner"] = never
    listening = bind(api.listen)
    found = Addresses(api, listening)
    listener = await GatewayListener.open(
        Gateway(api, found.domain, host.clock, functions.invoke), listening
    )
    websocket = await connect(found.websocket, proxy=None)
    await websocket.send('{"action": "run"}')
    await functions.next("runner")
    before = {task for task in asyncio.all_tasks() if "websockets" not in repr(task)}
    await listener.close()
    with pytest.raises(ConnectionClosed):
        await websocket.recv()
    assert websocket.close_code == 1012
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(*found.domain.split(":"))
    assert all(task.done() for task in before - {asyncio.current_task()})
    assert functions.seen.empty()


def test_a_port_that_is_taken_is_the_hosts_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HostError, match="Address already in use") as error:
            bind(Listen(port=port))
    assert error.value.place == f"127.0.0.1:{port}"


def test_an_address_that_is_not_this_machines_is_too() -> None:
    with pytest.raises(HostError, match="cannot listen"):
        bind(Listen(host="203.0.113.1"))


def test_one_that_listens_everywhere_is_found_on_loopback(api: WebSocketApi) -> None:
    with bind(Listen(host="0.0.0.0")) as listening:  # noqa: S104 - that is what is tested
        found = Addresses(api, listening)
    assert found.websocket.startswith("ws://127.0.0.1:")
    assert found.connections.endswith("/live")


async def test_one_at_an_address_of_ipv6_is_found_there(
    host: Any, api: WebSocketApi, functions: Any
) -> None:
    listening = bind(Listen(host="::1"))
    found = Addresses(api, listening)
    gateway = Gateway(api, found.domain, host.clock, functions.invoke)
    listener = await GatewayListener.open(gateway, listening)
    assert found.websocket.startswith("ws://[::1]:")
    async with connect(found.websocket, proxy=None):
        assert (await functions.next("connect"))["requestContext"]["domainName"] == found.domain
    await listener.close()
