from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from lambdameter.model import Calibration, Conditions, Speed


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
    """The module that makes runs; tests are no package, so it is loaded."""
    spec = importlib.util.spec_from_file_location(
        "sample_run", Path(__file__).parent / "report" / "sample_run.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
