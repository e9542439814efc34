"""Samples of records, and commands on a small workload and a scripted target."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from lambdameter.model.calibration import Calibration, Speed
from lambdameter.model.sample import Conditions, Manifest, TargetInfo
from lambdameter.model.workload import Calls, Case, ResponseShape, Variant, Workload

HERE = Path(__file__).parent


def loaded(path: Path) -> ModuleType:
    """A module that tests share; tests are no package, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The virtual machine of scripts/cgroup2 has what the sandbox's tests need, and no command line.
if importlib.util.find_spec("typer"):
    commands = loaded(HERE / "commands.py")
    command, sums, workload = commands.command, commands.sums, commands.workload
    scripted, working, asked = commands.scripted, commands.working, commands.asked
    measured, shown = commands.measured, commands.shown


@pytest.fixture
def conditions() -> Conditions:
    """As `lambdameter run` has them, where nothing is asked for."""
    return Conditions(
        target="local",
        region="us-east-1",
        architecture="arm64",
        role=None,
        latency=None,
        faults=None,
        sandbox="auto",
        seed=1,
    )


@pytest.fixture
def calibration() -> Calibration:
    """Of a host that is faster than Lambda's vCPU in all it does."""
    speed = Speed(
        kernel="k",
        here_ms=200.0,
        lambda_ms=310.0,
        factor=1.55,
        busy_ns=30_000,
        cycle_ns=100_000,
        reached=1.54,
        cpu_share=0.7,
    )
    return Calibration(
        made_at="2026-11-21T12:00:00+00:00",
        cpu="a CPU",
        architecture="arm64",
        interpreter=speed,
        compiled=speed,
    )


@pytest.fixture(scope="session")
def sample_run() -> ModuleType:
    """The module that makes runs."""
    return loaded(HERE / "report" / "sample_run.py")


def plain_variant(name: str) -> Variant:
    return Variant(
        name=name,
        title=name,
        language="python",
        runtime="python3.12",
        handler="h.h",
        source=name,
        build="copy",
    )


@pytest.fixture
def plain_manifest(conditions: Conditions) -> Manifest:
    """A run of two variants on one case, with nothing planned yet."""
    workload = Workload(
        name="w",
        title="W",
        root="/w",
        timeout_s=10,
        parameters={},
        calls=Calls(),
        generator="generate.py",
        cases=(Case(name="csv", title="CSV", object="o", event={}),),
        variants=(plain_variant("a"), plain_variant("b")),
        response=ResponseShape(count="n", unit="record", total="t"),
    )
    target = TargetInfo(
        name="local",
        region="us-east-1",
        architecture="x86_64",
        enforcement=None,
        engines={},
        runtimes={},
        latency_model=None,
    )
    return Manifest(
        schema=1,
        run="r",
        created_at="2026-11-21T00:00:00Z",
        lambdameter="0.1.0",
        host={},
        target=target,
        workload=workload,
        parameters={},
        datasets={},
        artifacts=(),
        memory_mb=(128,),
        plan=(),
        conditions=conditions,
    )
