"""The work that hosts are calibrated with: its time on a Lambda vCPU is known (published.toml)."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from importlib import resources
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from lambdameter.errors import HostError
from lambdameter.model.base import Architecture

# What handlers of Lambda functions do: loops, strings, dictionaries, objects, decimals, JSON. It
# measures the interpreter rather than a library's C code (digests are OpenSSL's): without
# profile-guided optimisation the same version takes 1.6 times as long.
HANDLER = """
import json, sys, time
from decimal import Decimal

class Item:
    def __init__(self, key, amount):
        self.key, self.amount = key, amount

    def marshalled(self):
        return {"pk": {"S": self.key}, "amount": {"N": str(self.amount)}, "open": {"BOOL": True}}

def work():
    total = 0
    for number in range(8_000):
        total = (total * 31 + number) & 0xFFFF
    counts = {}
    for number in range(1_000):
        counts[f"key-{number}"] = counts.get(f"key-{number % 97}", 0) + number
    items = [Item(f"item#{number}", Decimal(number) / 7).marshalled() for number in range(120)]
    text = json.dumps({"items": items, "counts": counts})
    back = json.loads(text)
    squares = [number * number for number in range(4_000)]
    return total + len(text) + len(back["items"]) + sum(squares)

for line in sys.stdin:
    began, used = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        check = work()
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(wall * 1e3, cpu * 1e3, check, flush=True)
"""


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kernel's work.

    Attributes:
        repetitions: how many are timed.
        arm64, x86_64: the time of all repetitions on one whole vCPU, ms.
        to_digests: an optimised interpreter's time for this work, relative to compiled code's time
            for the digests on the same CPU.
    """

    repetitions: int
    arm64: float
    x86_64: float
    to_digests: float = 1.0

    def on_lambda_ms(self, architecture: Architecture) -> float:
        """The time of all repetitions, ms."""
        return self.arm64 if architecture == "arm64" else self.x86_64


class Cold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CPU time after a freeze that is not slowed, and how long a freeze gives all of it, ms."""

    cpu_ms: float
    after_ms: float


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much longer a page fault takes on Lambda than on a slowed CPU here, µs."""

    us: float


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """published.toml.

    Attributes:
        handler: a handler's work in an interpreter.
        digests: a chain of digests in compiled code.
        cold: what is not slowed after a freeze.
        faults: how much longer page faults take.
    """

    handler: Work
    digests: Work
    cold: Cold
    faults: Faults


@functools.cache
def published() -> Published:
    """The content of published.toml; read once, since every environment needs it."""
    text = (resources.files("lambdameter.emulator.speed") / "published.toml").read_bytes()
    return msgspec.toml.decode(text, type=Published)


class Timing(NamedTuple):
    """The time of one run; CPU time is less where other work used the CPU too."""

    wall_ms: float
    cpu_ms: float


class Kernel:
    """A kernel's process on one CPU, until the end of its context."""

    def __init__(self, command: Sequence[str], cpu: int) -> None:
        pipe = subprocess.PIPE
        self._command = command
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env={}, text=True, bufsize=1
        )
        os.sched_setaffinity(self._process.pid, {cpu})

    def __enter__(self) -> Self:
        """The process runs."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def run(self, repetitions: int) -> Timing:
        """Time so many repetitions.

        Raises:
            HostError: the process does not answer.
        """
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(f"{repetitions}\n")
            line = self._process.stdout.readline() if self._process.stdout else ""
            wall_ms, cpu_ms, _ = line.split()
            return Timing(float(wall_ms), float(cpu_ms))
        except (BrokenPipeError, ValueError) as failure:
            raise HostError(
                "A calibration program of lambdameter failed",
                place=" ".join(self._command)[:80],
                next_step="Run `make setup`, then calibrate again.",
            ) from failure
