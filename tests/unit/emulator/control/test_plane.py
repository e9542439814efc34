from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.control.code_store import Code
from lambdameter.emulator.control.functions import Functions
from lambdameter.emulator.control.plane import ControlPlane, HostDescription, host_architecture
from lambdameter.emulator.control.settings import Settings
from lambdameter.emulator.execution import overheads
from lambdameter.emulator.execution.managed_runtimes import Launch
from lambdameter.emulator.execution.placement import Placement
from lambdameter.emulator.execution.process_environment import Endpoints
from lambdameter.errors import HostError
from lambdameter.model.report_line import parse_host
from lambdameter.model.sample import TargetInfo

SETTINGS = Settings(
    runtime="python3.12", handler="h.f", role="arn:aws:iam::000000000000:role/r", memory_size=256
)


class Store:
    def store(self, package: bytes) -> Code:
        return Code(folder=f"/code/{package.decode()}", sha256="", size=len(package))


class Runtimes:
    """Ready when a test says so."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.ready.set()
        self.error: Exception | None = None

    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        await self.ready.wait()
        if self.error is not None:
            raise self.error
        return Launch(argv=(runtime, handler), mounts={"/var/task": code}, label="fake 1")


@pytest.fixture
async def runtimes() -> Runtimes:
    return Runtimes()


@pytest.fixture
async def plane(host: Any, tmp_path: Path, runtimes: Runtimes) -> AsyncIterator[ControlPlane]:
    revisions = iter(range(1_000))
    made = ControlPlane(
        functions=Functions(
            "us-east-1", "x86_64", host.clock.epoch_ms, lambda: str(next(revisions))
        ),
        code=Store(),  # type: ignore[arg-type]
        runtimes=runtimes,
        placement=Placement(host.services(), tmp_path),
        host=HostDescription(
            info=TargetInfo(name="local", region="us-east-1", architecture="x86_64"),
            endpoints=Endpoints(dynamodb="https://d", s3="https://s", ca_bundle="/state/ca/ca.pem"),
            overheads=overheads.shipped(),
        ),
        clock=host.clock,
    )
    yield made
    await made.close()


async def settled(plane: ControlPlane) -> None:
    while plane._pending:
        await asyncio.wait(tuple(plane._pending))


async def test_environments_are_made_from_the_configuration_and_the_ca(plane: ControlPlane) -> None:
    function = await plane.create("f", SETTINGS, b"v1")
    await settled(plane)
    blueprint = plane.blueprint(plane.functions.serving(function))
    assert blueprint.argv == ("python3.12", "h.f")
    assert blueprint.mounts == {"/var/task": "/code/v1", "/var/lambdameter": "/state/ca"}
    assert (blueprint.facts.memory_mb, blueprint.timeout_s) == (256, 3)
    assert (blueprint.package_bytes, blueprint.overheads) == (len(b"v1"), overheads.shipped())


async def test_the_header_names_what_runs_once_a_function_is_prepared(plane: ControlPlane) -> None:
    await plane.create("f", SETTINGS, b"v1")
    await settled(plane)
    info = parse_host(plane.host_headers)
    assert info is not None
    assert info.runtimes == {"python3.12": "fake 1"}


@pytest.mark.parametrize("error", [HostError("No", next_step="Look."), OSError(28, "full")])
async def test_a_function_that_cannot_be_prepared_has_failed(
    plane: ControlPlane, runtimes: Runtimes, error: Exception
) -> None:
    runtimes.error = error
    await plane.create("f", SETTINGS, b"v1")
    await settled(plane)
    failed = plane.functions.get("f")
    assert (failed.state, failed.update, failed.reason) == ("Failed", "Failed", str(error))


async def test_a_fault_of_ours_leaves_no_function_pending(
    plane: ControlPlane, runtimes: Runtimes, caplog: pytest.LogCaptureFixture
) -> None:
    runtimes.error = RuntimeError("a transport was closed")
    await plane.create("f", SETTINGS, b"v1")
    await settled(plane)
    failed = plane.functions.get("f")
    assert failed.state == "Failed"
    assert failed.reason == "RuntimeError: a transport was closed"
    assert "f could not be prepared" in caplog.text


async def test_the_old_revision_serves_until_the_new_one_is_ready(
    plane: ControlPlane, runtimes: Runtimes
) -> None:
    function = await plane.create("f", SETTINGS, b"v1")
    await settled(plane)
    runtimes.ready.clear()
    changed = await plane.update_code(plane.functions.get("f"), b"v2", None)
    assert plane.blueprint(plane.functions.serving(function)).mounts["/var/task"] == "/code/v1"
    runtimes.ready.set()
    await settled(plane)
    assert plane.blueprint(plane.functions.serving(changed)).mounts["/var/task"] == "/code/v2"
    assert len(plane._blueprints) == 1


async def test_a_change_while_another_is_under_way_is_a_conflict(
    plane: ControlPlane, runtimes: Runtimes
) -> None:
    runtimes.ready.clear()
    function = await plane.create("f", SETTINGS, b"v1")
    with pytest.raises(ApiError, match="update is in progress"):
        await plane.update_code(function, b"v2", None)
    with pytest.raises(ApiError, match="update is in progress"):
        plane.update_settings(function, SETTINGS, None)


async def test_of_a_function_that_is_deleted_while_it_is_made_nothing_stays(
    plane: ControlPlane, runtimes: Runtimes
) -> None:
    runtimes.ready.clear()
    await plane.delete(await plane.create("f", SETTINGS, b"v1"))
    again = await plane.create("f", SETTINGS, b"v2")
    runtimes.ready.set()
    await settled(plane)
    assert plane.functions.serving(again).code.folder == "/code/v2"
    assert len(plane._blueprints) == 1


async def test_closing_waits_for_no_change_that_is_under_way(
    plane: ControlPlane, runtimes: Runtimes
) -> None:
    runtimes.ready.clear()
    await plane.create("f", SETTINGS, b"v1")
    await plane.close()
    assert plane._pending == set()
    assert plane.functions.get("f").state == "Pending"


def test_this_machines_architecture_is_told_as_lambda_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert host_architecture() == "arm64"
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(HostError, match="riscv64"):
        host_architecture()
