"""The real emulator, driven by boto3 as any client would; with --target=aws, AWS itself."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import importlib.util
import io
import itertools
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
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
AWS = "aws"
# Beside the ways that this host may grant.
WAYS = ("cgroup", "duty-cycle", "none")
HERE = Path(__file__).parent
FIDELITY = HERE.parents[1] / "docs" / "fidelity.md"
REMOTE = pytest.StashKey[Any]()
_names = (f"function-{number}" for number in itertools.count(1))


def loaded(name: str) -> ModuleType:
    """A module that lies here; tests are no package, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


remote = loaded("remote")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target",
        choices=("local", AWS),
        default="local",
        help="Lambda that tests/conformance asks: the local one, or AWS (CONTRIBUTING.md)",
    )
    parser.addoption(
        "--fidelity",
        type=Path,
        default=FIDELITY,
        help="Page whose rows are dated when their tests have passed on AWS",
    )
    parser.addoption(
        "--late-logs",
        type=float,
        default=60.0,
        help="Seconds in which AWS may make the log group of a removed function again",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "local(reason): says nothing about AWS")
    config.addinivalue_line("markers", "isolated: where environments are enclosed by cgroups")
    if config.getoption("--target", "local") == AWS:
        if config.getoption("numprocesses", None):
            raise pytest.UsageError("--target=aws names what it makes. Next: omit --numprocesses.")
        try:
            config.stash[REMOTE] = remote.admitted(os.environ)
        except remote.RefusedError as error:
            raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [config.stash[REMOTE].about] if REMOTE in config.stash else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Locally a test runs once for each way of enclosing, or for the one that it needs."""
    if "sandbox" in metafunc.fixturenames:
        isolated = metafunc.definition.get_closest_marker("isolated")
        ways = (AWS,) if REMOTE in metafunc.config.stash else WAYS[:1] if isolated else WAYS
        metafunc.parametrize("sandbox", ways, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items if REMOTE in config.stash else ():
        if HERE in item.path.parents:
            marker = item.get_closest_marker("local")
            fixtures = getattr(item, "fixturenames", ())
            reason = remote.local_only(fixtures, marker.args[0] if marker else None)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was shown on AWS today is dated in docs/fidelity.md, for its author to look at."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if REMOTE not in session.config.stash or reporter is None:
        return
    passed: dict[str, bool] = {}
    for kind in ("passed", "failed", "error"):
        for report in reporter.stats.get(kind, ()):
            test = report.nodeid.rpartition("::")[2].partition("[")[0]
            passed[test] = passed.get(test, True) and kind == "passed"
    today = dt.datetime.now(dt.UTC).date()
    page: Path = session.config.getoption("--fidelity")
    page.write_text(remote.dated(page.read_text(), passed, today))


class Answered(msgspec.Struct, frozen=True):
    """One invocation as its caller sees it."""

    payload: Any
    error: str | None
    log: str
    report: Report
    metered: Meter | None

    @property
    def meter(self) -> Meter:
        """What the emulator alone tells."""
        assert self.metered is not None
        return self.metered


class Deployed:
    """One function of the target."""

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


@pytest.fixture(scope="session")
def sandbox(
    request: pytest.FixtureRequest,
    require: Callable[[bool, str], None],
    granted: dict[str, Enforcement],
) -> str:
    """A way of enclosing; "cgroup" is the version that this host has, "aws" is AWS's own."""
    wanted = str(request.param)
    if wanted == AWS:
        return AWS
    name = next((name for name in granted if name.startswith(wanted)), "")
    require(bool(name), f"needs the sandbox {wanted}")
    return name


@pytest.fixture(scope="session")
def client(sandbox: str, pytestconfig: pytest.Config) -> Iterator[Any]:
    if sandbox == AWS:
        made = pytestconfig.stash[REMOTE].client()
        yield made
        made.close()
        pytestconfig.stash[REMOTE].remove_all(pytestconfig.getoption("--late-logs"))
        return
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
def deploy(client: Any, pytestconfig: pytest.Config) -> Deploy:
    there = pytestconfig.stash.get(REMOTE, None)

    def create(code: str = "", **changes: Any) -> Deployed:
        request = {
            "FunctionName": there.name() if there else next(_names),
            "Runtime": "python3.12",
            "Handler": "handler.handler",
            "Role": there.role if there else ROLE,
            "Code": {"ZipFile": package(handler_py=code)},
        } | changes
        client.create_function(**request)
        name = str(request["FunctionName"])
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        return Deployed(client, name)

    return create
