"""Fits what a new connection costs to the published first calls of the workload `light`.

A first call opens the one connection that its two requests share, and its memory size decides how
long its CPU time takes:

    first call = connection + CPU / share + service times of both requests + handing the event over

with share = memory / 1,769 and at most 1, since the functions have one thread. The connection is
the same everywhere, the CPU time one for each runtime; both by least squares of the logarithms'
errors. The other two are those of the models as shipped, as means, since the text's figures are
taken for means. Cells below 512 MB are a check and fitted to nothing: there a function waits for
its quota far more often than the formula has it.

    .venv/bin/python benchmarks/latency_fit/connection.py

prints the figures for crates/services/latency.toml.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from scipy.optimize import least_squares

from lambdameter.emulator import overheads
from lambdameter.model import ClaimSource

BENCHMARKS = Path(__file__).parents[1]
PUBLISHED = BENCHMARKS / "published" / "light.toml"
MODEL = BENCHMARKS.parent / "crates" / "services" / "latency.toml"
VCPU_MB = 1_769
FITTED_FROM_MB = 512
# BatchGetItem was not published, and takes the default.
REQUESTS = ("BatchWriteItem", "BatchGetItem")
# C2's four first calls in Rust took 905 to 920 ms. Four draws of a normal distribution range over
# 2.06 standard deviations, so that the connection's is at most 7.3 ms: p99/p50 is at most 1.56.
SPREAD = 1.5
Z99 = 2.326


class Cell(NamedTuple):
    """A published first call."""

    runtime: str
    memory_mb: int
    first_ms: float

    @property
    def stretch(self) -> float:
        """Time for each ms of CPU."""
        return max(1.0, VCPU_MB / self.memory_mb)


class Fit(NamedTuple):
    """What the cells say; ms."""

    connection: float
    cpu: dict[str, float]

    def of(self, cell: Cell, rest_ms: float) -> float:
        """The first call as the formula has it."""
        return self.connection + self.cpu[cell.runtime] * cell.stretch + rest_ms

    def error(self, cell: Cell, rest_ms: float) -> float:
        """log(formula / published)."""
        return math.log(self.of(cell, rest_ms) / cell.first_ms)


def fit(cells: Iterable[Cell], rest_ms: float) -> Fit:
    """The connection of all and the CPU time of each runtime."""
    among = list(cells)
    runtimes = sorted({cell.runtime for cell in among})

    def fitted(parameters: Iterable[float]) -> Fit:
        connection, *cpu = map(float, parameters)
        return Fit(connection, dict(zip(runtimes, cpu, strict=True)))

    def errors(parameters: Iterable[float]) -> list[float]:
        one = fitted(parameters)
        return [one.error(cell, rest_ms) for cell in among]

    start = [20.0] * (1 + len(runtimes))
    return fitted(least_squares(errors, start, bounds=(0.0, np.inf)).x)


def mean_ms(p50_ms: float, ratio: float) -> float:
    """Of a log-normal time whose 99th percentile is `ratio` times its median."""
    return p50_ms * math.exp((math.log(ratio) / Z99) ** 2 / 2)


def rest() -> float:
    """What a first call has beside its connection and its CPU time, by the shipped models."""
    dynamodb = tomllib.loads(MODEL.read_text())["dynamodb"]
    times = [dynamodb["operations"].get(name, dynamodb["default"]) for name in REQUESTS]
    services = sum(mean_ms(one["p50_ms"], one["p99_ms"] / one["p50_ms"]) for one in times)
    return services + overheads.shipped().invocation.ms


def published() -> list[Cell]:
    """Every first call of the text."""
    source = msgspec.toml.decode(PUBLISHED.read_bytes(), type=ClaimSource)
    return [
        Cell(one.variant, one.memory_mb, one.value)
        for one in source.figures
        if one.metric == "duration_ms"
    ]


def main() -> None:
    """Fit, and print what is left."""
    rest_ms = rest()
    cells = published()
    among = [cell for cell in cells if cell.memory_mb >= FITTED_FROM_MB]
    best = fit(among, rest_ms)
    p50 = best.connection / mean_ms(1.0, SPREAD)
    print(f"connection = {{ p50_ms = {p50:.1f}, p99_ms = {p50 * SPREAD:.1f} }}")
    errors = [best.error(cell, rest_ms) for cell in among]
    print(
        f"mean {best.connection:.1f} ms, beside {rest_ms:.1f} ms of the other models; CPU "
        + ", ".join(f"{name} {ms:.1f}" for name, ms in best.cpu.items())
        + f"; root mean square of the log errors {math.sqrt(np.mean(np.square(errors))):.3f}, "
        f"largest {max(map(abs, errors)):.3f}"
    )
    for runtime in best.cpu:
        others = fit((cell for cell in among if cell.runtime != runtime), rest_ms)
        print(f"without {runtime}: mean {others.connection:.1f} ms")
    for memory_mb in sorted({cell.memory_mb for cell in among}):
        others = fit((cell for cell in among if cell.memory_mb != memory_mb), rest_ms)
        print(f"without {memory_mb} MB: mean {others.connection:.1f} ms")
    print("formula / published:")
    for cell in cells:
        ratio = math.exp(best.error(cell, rest_ms))
        checked = "" if cell in among else "  (not fitted)"
        print(f"  {cell.runtime} {cell.memory_mb} MB: {ratio:.2f}{checked}")


if __name__ == "__main__":
    main()
