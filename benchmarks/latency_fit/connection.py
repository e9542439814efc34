"""Fits what a new connection costs to the published first calls of the workload `light`.

A first call opens the one connection that its two requests share, and its memory size decides how
long its CPU time takes. What Lambda's bandwidth rule makes of that is simulated
(`lambdameter-slow-core simulate`):

    CPU, connection and BatchWriteItem, CPU, BatchGetItem, CPU

The connection is the same everywhere, the CPU time one for each runtime; both are those with the
least squares of the logarithms' errors over every memory size. What the services take and what AWS
adds is that of the models as shipped, as means, since the text's figures are taken for means.
How a call's CPU time lies about its waits was published nowhere: most of it comes before the
connection's first request, as it does here, and other shares are tried.

    .venv/bin/python benchmarks/latency_fit/connection.py   # two minutes

prints the figures for crates/services/latency.toml.
"""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from scipy.optimize import minimize_scalar

from lambdameter import binaries
from lambdameter.emulator.execution import overheads
from lambdameter.emulator.speed.pacer import PROGRAM
from lambdameter.model.claim import ClaimSource

BENCHMARKS = Path(__file__).parents[1]
PUBLISHED = BENCHMARKS / "published" / "light.toml"
MODEL = BENCHMARKS.parent / "crates" / "services" / "latency.toml"
# BatchGetItem was not published, and takes the default.
REQUESTS = ("BatchWriteItem", "BatchGetItem")
# C2's four first calls in Rust took 905 to 920 ms. Four draws of a normal distribution range over
# 2.06 standard deviations, so that the connection's is at most 7.3 ms, which p99/p50 is to leave
# room for: at most 2.
SPREAD = 1.5
Z99 = 2.326
RUNS = 300
# Of the CPU time: before the first request is sent, between the two, after them.
SHARES = (0.8, 0.12, 0.08)
OTHER_SHARES = ((0.5, 0.35, 0.15), (0.3, 0.5, 0.2))
CONNECTIONS_MS = range(8, 46, 2)


class Cell(NamedTuple):
    """A published first call."""

    runtime: str
    memory_mb: int
    first_ms: float


class Fit(NamedTuple):
    """What the cells say; ms, and log(simulated / published) of each cell."""

    connection: float
    cpu: dict[str, float]
    errors: dict[Cell, float]

    @property
    def rms(self) -> float:
        """How far off, in all."""
        return math.sqrt(np.mean(np.square(list(self.errors.values()))))


class Rule(NamedTuple):
    """A first call as the shipped models and the bandwidth rule have it."""

    service_ms: Sequence[float]
    handing_ms: float
    beside_ms: float
    shares: Sequence[float]

    def first_ms(self, memory_mb: int, connection: float, cpu: float) -> float:
        """The mean of its Duration."""
        before, between, after = (cpu * share for share in self.shares)
        phases: list[dict[str, Any]] = [
            {"cpu_ms": self.beside_ms / 2},
            {"wait_ms": self.handing_ms},
            {"cpu_ms": before},
            {"wait_ms": connection + self.service_ms[0]},
            {"cpu_ms": between},
            {"wait_ms": self.service_ms[1]},
            {"cpu_ms": after, "mark": "answered"},
        ]
        profile = {"memory_mb": memory_mb, "threads": [phases], "runs": RUNS, "seed": 1}
        done = subprocess.run(
            [binaries.find(PROGRAM), "simulate"],
            input=json.dumps(profile).encode(),
            capture_output=True,
            check=True,
        )
        return float(json.loads(done.stdout)["marks"]["answered"]["mean"])

    def errors(self, cells: Sequence[Cell], connection: float, cpu: float) -> list[float]:
        """log(simulated / published) of one runtime's cells."""
        return [
            math.log(self.first_ms(one.memory_mb, connection, cpu) / one.first_ms) for one in cells
        ]

    def with_connection(self, cells: Sequence[Cell], connection: float) -> Fit:
        """The best CPU times beside a connection of so long."""
        cpu: dict[str, float] = {}
        errors: dict[Cell, float] = {}
        for runtime in sorted({cell.runtime for cell in cells}):
            mine = [cell for cell in cells if cell.runtime == runtime]

            def squares(cpu_ms: float, mine: Sequence[Cell] = mine) -> float:
                return float(np.sum(np.square(self.errors(mine, connection, cpu_ms))))

            best = minimize_scalar(squares, bounds=(1.0, 150.0), options={"xatol": 0.2})
            cpu[runtime] = float(best.x)
            errors |= zip(mine, self.errors(mine, connection, cpu[runtime]), strict=True)
        return Fit(connection, cpu, errors)

    def fits(self, cells: Sequence[Cell]) -> list[Fit]:
        """A fit for each length of the connection."""
        return [self.with_connection(cells, one) for one in CONNECTIONS_MS]


def best(of: Sequence[Fit], *, without: str = "", without_mb: int = 0) -> Fit:
    """The least squares among fits, without a runtime's cells or a memory size's."""

    def squares(one: Fit) -> float:
        return sum(
            error**2
            for cell, error in one.errors.items()
            if cell.runtime != without and cell.memory_mb != without_mb
        )

    return min(of, key=squares)


def mean_ms(p50_ms: float, ratio: float) -> float:
    """Of a log-normal time whose 99th percentile is `ratio` times its median."""
    return p50_ms * math.exp((math.log(ratio) / Z99) ** 2 / 2)


def rule(shares: Sequence[float]) -> Rule:
    """By the shipped models."""
    dynamodb = tomllib.loads(MODEL.read_text())["dynamodb"]
    times = [dynamodb["operations"].get(name, dynamodb["default"]) for name in REQUESTS]
    services = [mean_ms(one["p50_ms"], one["p99_ms"] / one["p50_ms"]) for one in times]
    added = overheads.shipped().invocation
    return Rule(services, added.ms, added.cpu_ms, shares)


def published() -> list[Cell]:
    """Every first call of the text."""
    source = msgspec.toml.decode(PUBLISHED.read_bytes(), type=ClaimSource)
    return [
        Cell(one.variant, one.memory_mb, one.value)
        for one in source.figures
        if one.metric == "duration_ms"
    ]


def said(one: Fit) -> str:
    """In a line."""
    cpu = ", ".join(f"{name} {ms:.1f}" for name, ms in one.cpu.items())
    return f"mean {one.connection:.0f} ms; CPU {cpu}; root mean square of log errors {one.rms:.3f}"


def main() -> None:
    """Fit, and print what is left."""
    cells = published()
    fits = rule(SHARES).fits(cells)
    found = best(fits)
    p50 = found.connection / mean_ms(1.0, SPREAD)
    print(f"connection = {{ p50_ms = {p50:.1f}, p99_ms = {p50 * SPREAD:.1f} }}")
    print(said(found))
    for runtime in found.cpu:
        print(f"without {runtime}: mean {best(fits, without=runtime).connection:.0f} ms")
    for memory_mb in sorted({cell.memory_mb for cell in cells}):
        print(f"without {memory_mb} MB: mean {best(fits, without_mb=memory_mb).connection:.0f} ms")
    for other in OTHER_SHARES:
        print(f"CPU time in shares of {other}: {said(best(rule(other).fits(cells)))}")
    print("each connection's root mean square:")
    print("  " + ", ".join(f"{one.connection:.0f} ms {one.rms:.3f}" for one in fits))
    print("simulated / published:")
    for cell, error in found.errors.items():
        print(f"  {cell.runtime} {cell.memory_mb} MB: {math.exp(error):.2f}")


if __name__ == "__main__":
    main()
