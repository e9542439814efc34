"""`python -m lambdameter.emulator` with its data plane, as a program that another one starts."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import boto3
import msgspec
import psutil
import pytest
from botocore.config import Config

from lambdameter import binaries
from lambdameter.emulator.options import EmulatorFailed, EmulatorReady, Options
from lambdameter.emulator.server import SERVICES
from lambdameter.errors import HostError
from lambdameter.model.report_line import parse_host, parse_meter, parse_report

PUT = """
import boto3
client = boto3.client("dynamodb")
def handler(event, context):
    for number in range(event):
        client.put_item(TableName="table", Item={"pk": {"S": str(number)}})
    return client.scan(TableName="table", Select="COUNT")["Count"]
"""


class Emulator:
    def __init__(self, options: Options, stdin: int = subprocess.PIPE) -> None:
        document = msgspec.json.encode(options).decode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lambdameter.emulator", document],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def ready(self) -> EmulatorReady:
        return msgspec.json.decode(self.line, type=EmulatorReady)

    def client(self, service: Literal["lambda", "dynamodb"], **more: Any) -> Any:
        return boto3.client(
            service,
            region_name=self.ready.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=910),
            **more,
        )

    def state_folder(self) -> Path:
        return Path(str(self.ready.ca_bundle)).parents[1]

    def end(self) -> tuple[int, bytes]:
        """Close its stdin, unless it has ended by itself."""
        _, complaint = self.process.communicate(timeout=30)
        return self.process.returncode, complaint


@pytest.fixture
def emulator(require_services: None) -> Iterator[Emulator]:  # noqa: ARG001
    started = Emulator(Options(sandbox="none", latency="off", region="eu-west-1"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def require_services(require: Any, require_launcher: None) -> None:  # noqa: ARG001
    try:
        binaries.find(SERVICES)
    except HostError as error:
        require(False, str(error))  # noqa: FBT003


def create(client: Any, code: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", code)
    client.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="handler.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Timeout=30,
        Code={"ZipFile": buffer.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="f")


def data_plane_of(emulator: Emulator) -> psutil.Process:
    children = psutil.Process(emulator.process.pid).children()
    (services,) = [child for child in children if SERVICES in child.cmdline()[0]]
    return services


def test_it_ends_with_its_stdin_and_leaves_nothing(emulator: Emulator) -> None:
    folder = emulator.state_folder()
    client = emulator.client("lambda", endpoint_url=emulator.ready.endpoint)
    create(client, "def handler(event, context): return event")
    client.invoke(FunctionName="f")
    client.close()
    assert folder.parent == Path(tempfile.gettempdir())
    children = psutil.Process(emulator.process.pid).children(recursive=True)
    assert len(children) >= 2
    assert emulator.end() == (0, b"")
    assert not folder.exists()
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_on_a_signal(emulator: Emulator, number: signal.Signals) -> None:
    folder = emulator.state_folder()
    emulator.process.send_signal(number)
    assert emulator.process.wait(30) == 0
    assert not folder.exists()


def test_a_function_reaches_the_data_plane_and_its_requests_are_counted(emulator: Emulator) -> None:
    ready = emulator.ready
    table = emulator.client("dynamodb", endpoint_url=ready.dynamodb, verify=ready.ca_bundle)
    table.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client = emulator.client("lambda", endpoint_url=ready.endpoint)
    create(client, PUT)
    for requests in (3, 2):
        answer = client.invoke(FunctionName="f", Payload=json.dumps(requests), LogType="Tail")
        assert json.loads(answer["Payload"].read()) == 3
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        meter, host = parse_meter(headers), parse_host(headers)
        assert meter is not None
        assert host is not None
        assert meter.service is not None
        assert meter.service.requests == {"dynamodb.PutItem": requests, "dynamodb.Scan": 1}
        assert set(host.engines) == {"dynamodb", "s3"}
        assert parse_report(base64.b64decode(answer["LogResult"]).decode()) is not None
    for one in (table, client):
        one.close()


def test_the_death_of_the_data_plane_ends_every_invocation_with_a_clear_error(
    emulator: Emulator,
) -> None:
    client = emulator.client("lambda", endpoint_url=emulator.ready.endpoint)
    create(client, "def handler(event, context): return event")
    client.invoke(FunctionName="f")
    data_plane_of(emulator).kill()
    with pytest.raises(client.exceptions.ServiceException, match="local services died"):
        client.invoke(FunctionName="f")
    client.close()


SLEEP = """
import pathlib, time
def handler(event, context):
    pathlib.Path(event).touch()
    time.sleep(20)
"""


@pytest.mark.parametrize(
    ("end", "told"),
    [("stdin", "emulator is shutting down"), ("data plane", "local services died")],
)
def test_an_invocation_in_flight_is_told_why_it_ends(
    emulator: Emulator, tmp_path: Path, end: str, told: str
) -> None:
    client = emulator.client("lambda", endpoint_url=emulator.ready.endpoint)
    create(client, SLEEP)
    begun = tmp_path / "begun"
    with ThreadPoolExecutor() as pool:
        call = pool.submit(client.invoke, FunctionName="f", Payload=json.dumps(str(begun)))
        while not begun.exists() and not call.done():
            pass
        if end == "stdin":
            emulator.end()
        else:
            data_plane_of(emulator).kill()
        with pytest.raises(client.exceptions.ServiceException, match=told):
            call.result(30)
    client.close()


def test_a_taken_port_is_one_line_and_exit_code_3(emulator: Emulator) -> None:
    port = emulator.ready.endpoint.rpartition(":")[2]
    second = Emulator(Options(sandbox="none", latency="off", port=int(port)))
    failed = msgspec.json.decode(second.line, type=EmulatorFailed)
    assert (failed.cause, failed.place) == ("The port is already in use", f"127.0.0.1:{port}")
    assert "--port" in failed.next_step
    assert second.end() == (3, b"")
    assert failed.exit_code == 3


def test_without_a_pipe_on_stdin_it_runs_until_a_signal(require_services: None) -> None:  # noqa: ARG001
    emulator = Emulator(Options(sandbox="none", latency="off"), subprocess.DEVNULL)
    assert emulator.process.poll() is None
    os.kill(emulator.process.pid, signal.SIGTERM)
    assert emulator.end()[0] == 0
