"""Lambda's bandwidth rule, as functions meet it here, against the rule's own simulation.

    .venv/bin/python benchmarks/bandwidth.py          # twenty minutes, idle, as root
    .venv/bin/python benchmarks/bandwidth.py --quick  # one, to see that it works; writes nothing

Programs that are nothing but CPU time and waits (`lambdameter-kernel program`) run in the sandbox
that this host grants, throttled as in an invocation, and `lambdameter-slow-core simulate` tells
what the rule makes of the same profiles. Where this host is calibrated, its CPUs are slowed as
they are for compiled code, and for that alone: cold caches, page faults and others on a core are
left out, as the programs count CPU time.

* random programs: in the handler and as a whole, mean against mean
* busy loops of one and two threads: their share of a vCPU against memory/1769
* bursts and gaps of a busy loop
* a call of 7.3 ms of CPU time, which C1's squares are: how thirty of them lie
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from lambdameter import binaries
from lambdameter.emulator import sandbox
from lambdameter.emulator.execution.process_environment import LANG_DIR
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.paced import PacedFactory
from lambdameter.emulator.speed import kernels, store
from lambdameter.errors import LambdameterError
from lambdameter.model.base import MEMORY_MB_PER_VCPU
from lambdameter.model.calibration import Calibration

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks" / "bandwidth.txt"
SIZES = (128, 256, 512)
SHARE_SIZES = (128, 256, 512, 1_024, 1_536, 1_769)
MEDIAN_ERROR, P90_ERROR, SHARE_ERROR = 0.10, 0.20, 0.01
SIMULATED_RUNS = 400
# Longer than any debt takes; the jitter is a whole period.
PAUSE = {"pause_ms": 100.0, "jitter_ms": 20.0}
# 5 s of a busy loop on AWS, 128 MB.
BURSTS_ON_AWS = "4.4 to 4.9 ms, gaps mostly 60"
SQUARES_MS = 7.3
LOOP = """
import json, time
began = last = start = time.perf_counter()
bursts, gaps = [], []
while last - began < {busy_s}:
    now = time.perf_counter()
    if now - last > 0.002:
        bursts.append(1000 * (last - start))
        gaps.append(1000 * (now - last))
        start = now
    last = now
print(json.dumps([bursts[1:], gaps]), flush=True)
"""

Threads = list[list[dict[str, Any]]]


class Size(NamedTuple):
    """How much is measured."""

    programs: int
    environments: int
    calls: int
    busy_s: float


WHOLE, QUICK = Size(50, 4, 10, 20.0), Size(3, 2, 5, 2.0)


class Times(NamedTuple):
    """Of all calls, ms."""

    handler: list[float]
    whole: list[float]


class Host:
    """The sandboxes of this host, by the rule."""

    def __init__(self, paced: PacedFactory, calibration: Calibration | None, size: Size) -> None:
        self._paced = paced
        self.slowness = 1 / calibration.compiled.cpu_share if calibration else 1.0
        self.size = size
        self._numbers = itertools.count()

    def looking_ns(self) -> int:
        """CPU time of what keeps the rule, so far: real-time threads that nobody else has."""
        tasks = Path(f"/proc/{self._paced.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def sized(self, *, environments: int, calls: int) -> Host:
        """The same, for so many calls."""
        other = copy.copy(self)
        other.size = self.size._replace(environments=environments, calls=calls)
        return other

    def run(self, memory_mb: int, spec: ProcessSpec) -> list[str]:
        """Run one process in an environment of its own; its output, line by line."""
        name = f"bandwidth-{next(self._numbers)}"
        box = self._paced.create(name, memory_mb, "compiled", 0.0)

        async def output() -> list[str]:
            try:
                box.throttle()
                process = await box.spawn(spec)
                if process.stdout is None:
                    sys.exit("the process has no output")
                return (await process.stdout.read()).decode().splitlines()
            finally:
                await box.destroy()

        return asyncio.run(output())

    def measure(self, memory_mb: int, threads: Threads) -> Times:
        """All calls of a program, in several environments."""
        profile = {"memory_mb": memory_mb, "threads": threads, "calls": self.size.calls, **PAUSE}
        kernel = binaries.find("lambdameter-kernel")
        argv = (f"/opt/{kernel.name}", "program", json.dumps(profile), str(self.slowness))
        spec = ProcessSpec(argv=argv, environment={}, mounts={"/opt": str(kernel.parent)})
        runs = [self.run(memory_mb, spec) for _ in range(self.size.environments)]
        return times(threads, [[json.loads(line) for line in lines] for lines in runs])


def simulate(memory_mb: int, threads: Threads, calls: int) -> Times:
    """What the rule makes of a program."""
    profile = {
        "memory_mb": memory_mb,
        "threads": threads,
        "calls": calls,
        "runs": SIMULATED_RUNS,
        **PAUSE,
    }
    told = subprocess.run(
        [binaries.find("lambdameter-slow-core"), "simulate"],
        input=json.dumps(profile).encode(),
        capture_output=True,
        check=True,
    )
    return times(threads, json.loads(told.stdout)["ends_ms"])


def times(threads: Threads, runs: list[list[list[list[float]]]]) -> Times:
    """The handler is over at the first thread's phase of that mark, a call with its last phase."""
    at = [phase.get("mark") for phase in threads[0]].index("handler")
    calls = [call for run in runs for call in run]
    return Times([call[0][at] for call in calls], [max(map(max, call)) for call in calls])


def a_program(chance: random.Random) -> Threads:
    """CPU, wait, CPU; then what comes after a handler: the answer, and the next event."""

    def cpu(least: float, most: float) -> dict[str, Any]:
        return {"cpu_ms": round(chance.uniform(least, most), 2)}

    def wait(least: float, most: float) -> dict[str, Any]:
        return {"wait_ms": round(chance.uniform(least, most), 2)}

    handler = [cpu(0.3, 6.0), wait(1.0, 10.0), cpu(0.3, 6.0) | {"mark": "handler"}]
    first = [*handler, wait(0.3, 0.6), cpu(0.2, 1.5)]
    second = [cpu(0.3, 4.0), wait(1.0, 10.0), cpu(0.3, 4.0)]
    return [first, second] if chance.random() < 0.5 else [first]  # noqa: PLR2004 - an even chance


def programs(host: Host, console: Console) -> bool:
    """Random programs: whether their means are the rule's."""
    chance = random.Random(1)  # noqa: S311 - programs, no secrets
    errors: dict[tuple[int, str], list[float]] = {}
    for number in range(host.size.programs):
        threads = a_program(chance)
        for memory_mb in SIZES:
            here = host.measure(memory_mb, threads)
            rule = simulate(memory_mb, threads, host.size.calls)
            for name in Times._fields:
                ratio = np.mean(getattr(here, name)) / np.mean(getattr(rule, name))
                errors.setdefault((memory_mb, name), []).append(ratio - 1)
        _progress(f"program {number + 1} of {host.size.programs}")
    table = Table("MB", "time", "median error", "median |error|", "p90 |error|", "largest")
    met = True
    for (memory_mb, name), signed in errors.items():
        off = np.abs(signed)
        median, p90 = float(np.median(off)), float(np.quantile(off, 0.9))
        met = met and median <= MEDIAN_ERROR and p90 <= P90_ERROR
        cells = (np.median(signed), median, p90, off.max())
        shown = [f"{cells[0]:+.1%}", *(f"{value:.1%}" for value in cells[1:])]
        table.add_row(f"{memory_mb:,}", "in the handler" if name == "handler" else name, *shown)
    calls = host.size.environments * host.size.calls
    console.print(f"{host.size.programs} random programs, mean of {calls} calls against the rule's")
    console.print(table)
    return met


def shares(host: Host, console: Console) -> bool:
    """Busy loops: whether they get memory/1769 of a vCPU."""
    table = Table("MB", "rule %", "1 thread %", "off by", "2 threads %", "off by", "keeping it %")
    met = True
    for memory_mb in SHARE_SIZES:
        rule = memory_mb / MEMORY_MB_PER_VCPU
        cells, wall_ms, before_ns = [], 0.0, host.looking_ns()
        for count in (1, 2):
            # What its time is over: work for so many seconds, less the pool that it begins with.
            work_ms = rule * host.size.busy_s * 1_000 / count
            threads = [[{"cpu_ms": work_ms, "mark": "handler"}] for _ in range(count)]
            measured = host.sized(environments=1, calls=1).measure(memory_mb, threads)
            share = count * work_ms / measured.whole[0]
            met = met and abs(share / rule - 1) <= SHARE_ERROR
            cells += [f"{100 * share:.2f}", f"{share / rule - 1:+.2%}"]
            wall_ms += measured.whole[0]
        kept = (host.looking_ns() - before_ns) / 1e6 / wall_ms / len(os.sched_getaffinity(0))
        cells.append(f"{100 * kept:.2f}")
        table.add_row(f"{memory_mb:,}", f"{100 * rule:.2f}", *cells)
        _progress(f"share of {memory_mb} MB")
    console.print(f"Busy loops of {host.size.busy_s:g} s; keeping it: of all CPUs")
    console.print(table)
    return met


def bursts(host: Host, console: Console) -> None:
    """How a busy loop is cut up: it depends on where an environment's refills and ticks fall."""
    python = f"{LANG_DIR}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    busy_s = min(5.0, host.size.busy_s)
    spec = ProcessSpec(
        argv=(python, "-c", LOOP.format(busy_s=busy_s)),
        environment={"LD_LIBRARY_PATH": f"{LANG_DIR}/lib"},
        mounts={LANG_DIR: sys.base_prefix},
    )
    table = Table("environment", "bursts ms: p10", "median", "p90", "gaps ms: p10", "median", "p90")
    for number in range(1, 2 * host.size.environments + 1):
        here = json.loads(host.run(128, spec)[-1])
        table.add_row(str(number), *(f"{value:.1f}" for part in here for value in _spread(part)))
        _progress(f"bursts of environment {number}")
    console.print(f"{busy_s:g} s of a busy loop at 128 MB; on AWS bursts of {BURSTS_ON_AWS}")
    console.print(table)


def squares(host: Host, console: Console) -> None:
    """Thirty calls of C1's squares."""
    threads: Threads = [[{"cpu_ms": SQUARES_MS, "mark": "handler"}]]
    thirty = host.sized(environments=3, calls=10)
    table = Table(f"{SQUARES_MS} ms of CPU time at 128 MB", "p10 ms", "p50", "p90", "mean")
    for name, found in (
        ("30 calls here", thirty.measure(128, threads)),
        ("the rule", simulate(128, threads, 10)),
    ):
        row = (*_spread(found.handler), np.mean(found.handler))
        table.add_row(name, *(f"{value:.1f}" for value in row))
    console.print(table)


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, [0.1, 0.5, 0.9]))


def _progress(text: str) -> None:
    print(text, file=sys.stderr)


@contextlib.contextmanager
def prepared(size: Size) -> Iterator[tuple[Host, str]]:
    """This host, and a line on it. Ends the program where there is no such rule."""
    try:
        calibration = store.load(store.file("arm64"), store.cpu_model())
    except LambdameterError:
        calibration = None
    if calibration:
        # The programs measure CPU time as this host counts it, which the rule is to be charged.
        calibration = msgspec.structs.replace(calibration, streams_ns=None)
    known = kernels.published()
    plain = msgspec.structs.replace(known, cold=kernels.Cold(0, 0), faults=kernels.Faults(0))
    with tempfile.TemporaryDirectory() as state:
        factory = sandbox.detect(Path(state))
        paced = PacedFactory.start(factory, calibration, plain)
        speed = calibration.line if calibration else "CPUs at this host's own speed"
        line = (
            f"Generated by benchmarks/bandwidth.py: {factory.enforcement.by}, {os.cpu_count()} "
            f"CPUs, Linux {platform.release()}\n{speed}\nCPU: {paced.enforcement().cpu}"
        )
        try:
            yield Host(paced, calibration, size), line
        finally:
            paced.close()
            factory.close()


def main() -> int:
    """Measure, print and write; 1 where the rule is not met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute, and nothing is written")
    quick = parser.parse_args().quick
    console = Console(width=100, highlight=False, record=True)
    with prepared(QUICK if quick else WHOLE) as (host, line):
        console.print(line)
        met = [programs(host, console), shares(host, console)]
        bursts(host, console)
        squares(host, console)
    console.print(
        f"target: random programs within {MEDIAN_ERROR:.0%} at the median and {P90_ERROR:.0%} at "
        f"p90, shares within {SHARE_ERROR:.0%}: {'met' if all(met) else 'NOT met'}"
    )
    if not quick:
        DOCUMENT.write_text(console.export_text())
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
