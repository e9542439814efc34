"""Calibrates this host: its interpreters and compilers against a Lambda vCPU."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime

from lambdameter import binaries
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.managed_runtimes import find_interpreter
from lambdameter.emulator.settings import MANAGED_RUNTIMES
from lambdameter.emulator.speed import kernels, store
from lambdameter.emulator.speed.awake import Awake
from lambdameter.emulator.speed.calibrate import Yardstick, speed
from lambdameter.emulator.speed.kernels import Kernel
from lambdameter.emulator.speed.pacer import PROGRAM, Pacer
from lambdameter.errors import HostError
from lambdameter.model import Architecture, Calibration

KERNEL = "lambdameter-kernel"


def calibrate(architecture: Architecture, now: datetime) -> Calibration:
    """Measure; it takes about half a minute, and nothing else should run.

    Raises:
        HostError: a kernel cannot be run, or the CPUs cannot be slowed.
    """
    cpu = max(os.sched_getaffinity(0))
    python, command = _python()
    pacer = Pacer.start(binaries.find(PROGRAM))
    awake = Awake(SystemClock())
    awake.ask()
    try:
        with (
            Kernel(command, cpu, kernels.NO_HASH_INSTRUCTIONS) as interpreter,
            Kernel([str(binaries.find(KERNEL))], cpu) as compiled,
        ):
            known = kernels.published()
            return Calibration(
                made_at=now.isoformat(timespec="seconds"),
                cpu=store.cpu_model(),
                architecture=architecture,
                interpreter=speed(_yardstick(architecture, python, interpreter, known), cpu, pacer),
                compiled=speed(_yardstick(architecture, "rust", compiled, known), cpu, pacer),
            )
    finally:
        awake.close()
        pacer.close()


def _yardstick(
    architecture: Architecture, name: str, kernel: Kernel, known: kernels.Published
) -> Yardstick:
    return Yardstick(name, kernel, known.digests, known.whole_vcpu_ms(architecture, name))


def _python() -> tuple[str, list[str]]:
    """The newest runtime that this host has itself, and how its kernel is started."""
    for runtime in sorted(MANAGED_RUNTIMES, key=lambda name: -int(name.rpartition(".")[2])):
        try:
            found = asyncio.run(find_interpreter(runtime))
        except HostError:
            continue
        if found.name == runtime:
            return runtime, [f"{found.prefix}/bin/{found.name}", "-c", kernels.PYTHON]
    raise HostError(
        "None of Lambda's Python runtimes is on this host, so its interpreter cannot be calibrated",
        place=", ".join(MANAGED_RUNTIMES),
        next_step="Install one, for instance with pyenv.",
    )
