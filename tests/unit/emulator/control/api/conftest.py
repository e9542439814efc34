"""The control API on a port, over a fake host whose every function echoes its events."""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lambdameter.emulator.control.api import control_api, control_api_guard
from lambdameter.emulator.control.api.documents import MAX_REQUEST_BYTES
from lambdameter.emulator.control.code_store import CodeStore
from lambdameter.emulator.control.functions import Functions
from lambdameter.emulator.control.plane import ControlPlane, HostDescription
from lambdameter.emulator.execution.managed_runtimes import Launch
from lambdameter.emulator.execution.placement import Placement
from lambdameter.emulator.http.listener import Listener
from lambdameter.errors import HostError
from lambdameter.model.sample import TargetInfo

ROOT = "/2015-03-31/functions"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    document: Any

    @property
    def code(self) -> str:
        return self.headers["x-amzn-errortype"]


class OneRuntime:
    """Every runtime but python3.11 is there."""

    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        if runtime == "python3.11":
            raise HostError("No Python", next_step="Install one.")
        return Launch(argv=(handler,), mounts={"/var/task": code}, label="fake 1")


async def echo(runtime: Any) -> None:
    """INIT of 80 ms; every event takes 5 ms."""
    runtime.work(80.0)
    while (delivery := await runtime.peer.next_event()) is not None:
        request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.work(5.0)
        runtime.peer.respond(request_id, delivery.payload)


@pytest.fixture
async def plane(host: Any, tmp_path: Path) -> AsyncIterator[ControlPlane]:
    host.script = echo
    revisions = iter(range(1_000))
    made = ControlPlane(
        functions=Functions(
            "us-east-1", "x86_64", host.clock.epoch_ms, lambda: str(next(revisions))
        ),
        code=CodeStore(tmp_path / "code"),
        runtimes=OneRuntime(),
        placement=Placement(host.services(), tmp_path / "environments"),
        host=HostDescription(
            info=TargetInfo(
                name="local",
                region="us-east-1",
                architecture="x86_64",
                enforcement=host.enforcement,
                engines={"s3": "fake 2"},
                latency_model="a model",
            )
        ),
        clock=host.clock,
    )
    yield made
    await made.close()


Ask = Callable[..., "asyncio.Future[Answer]"]


@pytest.fixture
async def address(plane: ControlPlane) -> AsyncIterator[str]:
    listener = await Listener.open(control_api(plane), control_api_guard(), keep=MAX_REQUEST_BYTES)
    yield listener.address
    listener.close()


@pytest.fixture
async def ask(address: str) -> Ask:
    """(method, path below /functions, document or bytes, headers) -> Answer."""

    def exchange(
        method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(address)
        told = {"Content-Type": "application/json"} if sent is not None else {}
        connection.request(method, ROOT + path, sent, told | (headers or {}))
        response = connection.getresponse()
        answered = response.read()
        lower = {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        return Answer(response.status, lower, json.loads(answered) if answered else None)

    return lambda *request: asyncio.ensure_future(asyncio.to_thread(exchange, *request))


@pytest.fixture
def zipped() -> Callable[[str], str]:
    """A package of one file with this content, in base64."""

    def make(content: str) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("h.py", content)
        return base64.b64encode(buffer.getvalue()).decode()

    return make


@pytest.fixture
def creation(zipped: Callable[[str], str]) -> Callable[..., dict[str, Any]]:
    """CreateFunction's document, with changes."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "FunctionName": "f",
            "Runtime": "python3.12",
            "Handler": "h.f",
            "Role": "arn:aws:iam::000000000000:role/r",
            "Code": {"ZipFile": zipped("x")},
        } | changes

    return make


@pytest.fixture
async def function(ask: Ask, creation: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The function `f`, created, as CreateFunction told of it."""
    created: dict[str, Any] = (await ask("POST", "", creation())).document
    return created
