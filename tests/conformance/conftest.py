"""The real emulator, driven by boto3 as any client would."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import msgspec
import pytest
import uvloop
from botocore.config import Config

from lambdameter.emulator.options import Options
from lambdameter.emulator.server import serve
from lambdameter.model.report_line import parse_meter, parse_report
from lambdameter.model.sample import Enforcement, Meter, Report

ROLE = "arn:aws:iam::000000000000:role/lambda"
_names = (f"function-{number}" for number in itertools.count(1))


class Answered(msgspec.Struct, frozen=True):
    """One invocation as its caller sees it."""

    payload: Any
    error: str | None
    log: str
    report: Report
    meter: Meter


class Deployed:
    """One function of the emulator."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def invoke(self, event: object = None) -> Answered:
        answer = self.client.invoke(
            FunctionName=self.name, Payload=json.dumps(event), LogType="Tail"
        )
        log = base64.b64decode(answer["LogResult"]).decode()
        report = parse_report(log)
        meter = parse_meter(answer["ResponseMetadata"]["HTTPHeaders"])
        assert report is not None
        assert meter is not None
        payload = json.loads(answer["Payload"].read())
        return Answered(payload, answer.get("FunctionError"), log, report, meter)

    def configure(self, **changes: Any) -> None:
        self.client.update_function_configuration(FunctionName=self.name, **changes)
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.name)


Deploy = Callable[..., Deployed]


@pytest.fixture(scope="session", name="package")
def package_fixture() -> Callable[..., bytes]:
    return package


def package(**files: str | bytes) -> bytes:
    """A zip; `handler_py` is handler.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name.replace("_py", ".py"))
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def run_emulator(options: Options) -> Iterator[str]:
    """Serve on a loop in a thread of its own; yields the endpoint."""
    ready, stop = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def run() -> None:
        try:
            async with serve(options) as (told, _):
                found.extend((told.endpoint, asyncio.get_running_loop()))
                ready.set()
                await stop.wait()
        finally:
            ready.set()

    def main() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=main)
    thread.start()
    ready.wait()
    yield found[0]
    found[1].call_soon_threadsafe(stop.set)
    thread.join()


@pytest.fixture(scope="session", params=["cgroup", "duty-cycle", "none"])
def sandbox(
    request: pytest.FixtureRequest,
    require: Callable[[bool, str], None],
    granted: dict[str, Enforcement],
) -> str:
    """A way of enclosing; "cgroup" is the version that this host has."""
    wanted = str(request.param)
    name = next((name for name in granted if name.startswith(wanted)), "")
    require(bool(name), f"needs the sandbox {wanted}")
    return name


@pytest.fixture(scope="session")
def client(sandbox: str) -> Iterator[Any]:
    for endpoint in run_emulator(Options(sandbox=sandbox, services=False)):
        made = lambda_client(endpoint)
        yield made
        made.close()


def lambda_client(endpoint: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=910),
    )


@pytest.fixture(scope="session")
def deploy(client: Any) -> Deploy:
    def create(code: str = "", **changes: Any) -> Deployed:
        name = next(_names)
        request = {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "handler.handler",
            "Role": ROLE,
            "Code": {"ZipFile": package(handler_py=code)},
        } | changes
        client.create_function(**request)
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        return Deployed(client, name)

    return create
