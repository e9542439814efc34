"""How much others slow a core, and whether the work by which they are noticed tells it.

    .venv/bin/python benchmarks/neighbours.py   # two minutes, while nothing else runs here; prints
                                                # what docs/benchmarks/neighbours.txt holds

Where a CPU of a virtual machine is one of two threads of a core, the other one may be somebody
else's. For two minutes what handlers do and a chain of digests are timed on one CPU by turns with
the work of crates/slow-core/src/streams.rs, each against its own fastest tenth. Moments are
sorted by what that work took; each row is a fifth of them. Where the columns agree, it tells what
handlers lose. CPU time is used, so nothing here is another process's turn.
"""

from __future__ import annotations

import asyncio
import os
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from lambdameter import binaries
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.execution.interpreters import find_interpreter
from lambdameter.emulator.speed import kernels, store
from lambdameter.emulator.speed.calibrate import KERNEL, streams_ns
from lambdameter.emulator.speed.keep_awake import KeepAwake
from lambdameter.emulator.speed.kernels import Kernel

MINUTES, PAUSE_S, ROWS = 2, 0.3, 5
HANDLER, DIGESTS = 8, 40_000


def measure() -> np.ndarray:
    """A row for each moment: the work's time, handlers' and digests'."""
    cpu = max(os.sched_getaffinity(0))
    python = asyncio.run(find_interpreter("python3.13"))
    moments: list[tuple[float, float, float]] = []
    handler = Kernel([python.program, "-I", "-c", kernels.HANDLER], cpu)
    digests = Kernel([str(binaries.find(KERNEL))], cpu)
    with handler, digests:
        until = time.monotonic() + MINUTES * 60
        while time.monotonic() < until:
            before = streams_ns(cpu)
            taken = handler.run(HANDLER).cpu_ms, digests.run(DIGESTS).cpu_ms
            moments.append(((before + streams_ns(cpu)) / 2, *taken))
            time.sleep(PAUSE_S)
    return np.array(moments)


def main() -> None:
    """Measure and print."""
    with KeepAwake.throughout(SystemClock()):
        moments = measure()
    slower = moments / np.percentile(moments, 10, axis=0)
    by_work = slower[np.argsort(slower[:, 0])]
    shown = Table("moments", "the work", "handlers", "digests", header_style="")
    for number, row in enumerate(np.array_split(by_work, ROWS)):
        medians = np.median(row, axis=0)
        shown.add_row(f"fifth {number + 1}", *(f"{median:.2f}" for median in medians))
    console = Console(width=80, highlight=False)
    console.print(f"{store.cpu_model()}, {len(moments)} moments in {MINUTES} minutes; times slower")
    console.print(shown)


if __name__ == "__main__":
    main()
