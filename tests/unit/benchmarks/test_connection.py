from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def connection() -> ModuleType:
    file = ROOT / "benchmarks" / "latency_fit" / "connection.py"
    spec = importlib.util.spec_from_file_location("latency_fit_connection", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_connection_is_that_of_the_least_squares(connection: ModuleType) -> None:
    shipped = tomllib.loads((ROOT / "crates" / "services" / "latency.toml").read_text())
    found = shipped["connection"]
    assert found["p99_ms"] / found["p50_ms"] == pytest.approx(connection.SPREAD, abs=0.01)
    mean_ms = connection.mean_ms(found["p50_ms"], connection.SPREAD)
    rule = connection.rule(connection.SHARES)
    fits = [
        rule.with_connection(connection.published(), one)
        for one in (mean_ms - 6, mean_ms, mean_ms + 6)
    ]
    assert connection.best(fits) is fits[1]
    assert fits[1].rms < 0.03
    assert max(map(abs, fits[1].errors.values())) < 0.08


def test_a_runtime_or_a_memory_size_can_be_left_out(connection: ModuleType) -> None:
    python, rust = connection.Cell("python", 128, 353.0), connection.Cell("rust", 256, 418.0)
    near = connection.Fit(20.0, {}, {python: 0.0, rust: 0.3})
    far = connection.Fit(40.0, {}, {python: 0.2, rust: 0.0})
    assert connection.best([near, far]) is far
    assert connection.best([near, far], without="rust") is near
    assert connection.best([near, far], without_mb=256) is near
