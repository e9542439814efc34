"""How much CPU time a published time implies, by the bandwidth rule that Lambda's kernel keeps.

A call at a small memory size takes whole periods of 20 ms, so its time says little of how near
ours is to it: a little more CPU time is one pause more, or none. What can be compared is the CPU
time with which the rule, simulated, gives the published time.
"""

from __future__ import annotations

import json
import subprocess

from cells import Cell

from lambdameter import binaries
from lambdameter.emulator.execution import overheads
from lambdameter.emulator.speed.pacer import PROGRAM

# A no-op's CPU time, ms of a Lambda vCPU, of which a part comes before the handler: the runtime's
# client takes the event and posts the answer. Measured here, by no-ops.
OUTSIDE_MS = {"python": 1.6, "rust": 0.35}
BEFORE, BEFORE_WAIT = 0.3, 0.5
# What AWS's own processes use of the share.
BESIDE_MS = overheads.shipped().invocation.cpu_ms
VCPU_MB, TICK_MS = 1_769, 4
RUNS, CALLS, PAUSE_MS, JITTER_MS = 300, 4, 500, 40
STEPS = 14


def implied_ms(cell: Cell) -> float | None:
    """CPU time of a call with which the published time comes out; None: it says nothing of it."""
    figure = cell.figure
    if cell.kind in {"Init", "memory"} or figure.memory_mb >= VCPU_MB or cell.source == "K":
        return None
    # What ends before the tick is held by nobody, and is a part of the call's CPU time.
    if cell.kind == "in the handler" and figure.value < TICK_MS:
        return None
    least, most = 0.05, figure.value * figure.memory_mb / VCPU_MB * 3 + 20
    for _ in range(STEPS):
        middle = (least + most) / 2
        if simulated_ms(cell, middle) < figure.value:
            least = middle
        else:
            most = middle
    return (least + most) / 2


def simulated_ms(cell: Cell, cpu_ms: float) -> float:
    """The mean of the cell's figure, for a call of so much CPU time."""
    outside = min(OUTSIDE_MS[cell.figure.variant] + BESIDE_MS, cpu_ms / 2)
    handler = cpu_ms - outside
    phases = [
        {"cpu_ms": outside * BEFORE, "mark": "begun"},
        {"cpu_ms": handler * BEFORE_WAIT},
        *([{"wait_ms": cell.service_ms}] if cell.service_ms else []),
        {"cpu_ms": handler * (1 - BEFORE_WAIT), "mark": "handled"},
        {"cpu_ms": outside * (1 - BEFORE)},
    ]
    profile = {
        "memory_mb": cell.figure.memory_mb,
        "threads": [phases],
        "calls": 1 if cell.kind == "first call" else CALLS,
        "pause_ms": PAUSE_MS,
        "jitter_ms": JITTER_MS,
        "runs": RUNS,
        "seed": 1,
    }
    done = subprocess.run(
        [binaries.find(PROGRAM), "simulate"],
        input=json.dumps(profile),
        capture_output=True,
        text=True,
        check=True,
    )
    marks = json.loads(done.stdout)["marks"]
    if cell.kind == "in the handler":
        return float(marks["handled"]["mean"] - marks["begun"]["mean"])
    return float(marks["end"]["mean"])
