"""The composition; what it does as a whole is tested in tests/conformance."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import psutil
import pytest
from websockets.asyncio.client import connect

from lambdameter.emulator import server
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.options import EmulatorReady, Options
from lambdameter.emulator.server import serve
from lambdameter.emulator.services import latency
from lambdameter.errors import BadInputError, HostError

pytestmark = pytest.mark.usefixtures("require_launcher")
OPTIONS = Options(sandbox="none", services=False, region="eu-west-1")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
async def serving() -> AsyncIterator[tuple[EmulatorReady, ControlPlane]]:
    async with serve(OPTIONS) as served:
        yield served


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def functions(address: str) -> object:
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/2015-03-31/functions")
    listed = json.loads(connection.getresponse().read())
    connection.close()
    return listed


async def test_what_it_says_is_where_it_listens(
    serving: tuple[EmulatorReady, ControlPlane],
) -> None:
    ready, _ = serving
    address = ready.endpoint.removeprefix("http://")
    assert await asyncio.to_thread(functions, address) == {"Functions": []}
    assert (ready.region, ready.dynamodb, ready.s3) == ("eu-west-1", None, None)


async def test_nothing_of_it_stays_behind(temporary: Path) -> None:
    async with serve(OPTIONS) as (ready, _):
        assert names(temporary)
    assert not names(temporary)
    host, port = ready.endpoint.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_a_start_that_fails_leaves_nothing_behind_either(
    serving: tuple[EmulatorReady, ControlPlane], temporary: Path
) -> None:
    before = names(temporary)
    port = int(serving[0].endpoint.rpartition(":")[2])
    with pytest.raises(HostError, match="port is already in use"):
        async with serve(Options(sandbox="none", services=False, port=port)):
            pass
    with pytest.raises(BadInputError, match="no sandbox"):
        async with serve(Options(sandbox="jail", services=False)):
            pass
    assert names(temporary) == before


async def test_reclaiming_goes_on_after_an_environment_that_does_not_die(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns: asyncio.Queue[int] = asyncio.Queue()

    class Stuck:
        async def reap(self) -> None:
            turns.put_nowait(1)
            raise HostError("It does not die", next_step="Look.")

    monkeypatch.setattr(server, "_REAP_EVERY_S", 0)
    reaper = asyncio.ensure_future(server._reap(Stuck()))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        await turns.get()
        await turns.get()
    reaper.cancel()
    assert "It does not die. Look." in caplog.text


API = WebSocketApi(name="race", stage="live", routes={"$default": "f"})


async def test_a_websocket_api_listens_where_the_ready_line_says() -> None:
    async with serve(msgspec.structs.replace(OPTIONS, websocket_api=API)) as (ready, _):
        assert ready.connections == f"http://{ready.websocket.removeprefix('ws://')}"  # type: ignore[union-attr]
        async with connect(ready.websocket, proxy=None) as websocket:  # type: ignore[arg-type]
            await websocket.send("x")
            # There is no such function.
            assert json.loads(await websocket.recv())["message"] == "Internal server error"
    with pytest.raises(OSError, match="Connect call failed"):
        await connect(ready.websocket, proxy=None)  # type: ignore[arg-type]


async def test_a_port_of_the_websocket_api_that_is_taken_fails_the_start_and_leaves_nothing(
    temporary: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = Listen(port=taken.getsockname()[1])
        api = msgspec.structs.replace(API, listen=listen)
        with pytest.raises(HostError, match="WebSocket API cannot listen"):
            async with serve(msgspec.structs.replace(OPTIONS, websocket_api=api)):
                pass
    assert not names(temporary)


async def test_without_what_keeps_lambdas_rule_nothing_is_served(
    cgroup_way: str, require: Callable[[bool, str], None]
) -> None:
    mine = psutil.Process()
    async with serve(msgspec.structs.replace(OPTIONS, sandbox=cgroup_way)) as (_, plane):
        keepers = [one for one in mine.children() if one.name().startswith("lambdameter-slo")]
        require(bool(keepers), "needs real-time threads")
        assert plane.placement.died is not None
        assert not plane.placement.died.done()
        keepers[0].kill()
        assert "died" in str(await plane.placement.died)


async def test_whatever_dies_first_is_why_nothing_is_served() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    died = server._first_death(None, first, second)
    second.set_result(HostError("The second", next_step="Look."))
    assert (await died).cause == "The second"
    first.set_result(HostError("The first", next_step="Look."))
    await asyncio.sleep(0)
    assert died.result().cause == "The second"


def test_for_a_median_the_local_services_get_a_latency_argument(tmp_path: Path) -> None:
    file = Path(server._latency_argument("6", tmp_path))
    assert file.parent == tmp_path
    assert file.read_text() == latency.model(6.0)


@pytest.mark.parametrize(
    ("option", "argument"), [("0", "off"), ("off", "off"), ("my.toml", "my.toml")]
)
def test_no_latency_and_a_users_own_model_need_no_file(
    tmp_path: Path, option: str, argument: str
) -> None:
    assert server._latency_argument(option, tmp_path) == argument
    assert not names(tmp_path)
