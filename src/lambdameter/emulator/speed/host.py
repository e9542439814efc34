"""Calibrates this host: its interpreters and compilers against a Lambda vCPU."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from typing import NamedTuple

import msgspec

from lambdameter import binaries
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.interpreters import find_interpreter
from lambdameter.emulator.settings import MANAGED_RUNTIMES
from lambdameter.emulator.speed import kernels, store
from lambdameter.emulator.speed.awake import Awake
from lambdameter.emulator.speed.calibrate import Yardstick, speed
from lambdameter.emulator.speed.kernels import Kernel, Work
from lambdameter.emulator.speed.pacer import PROGRAM, Pacer
from lambdameter.errors import HostError
from lambdameter.model import Architecture, Calibration, Speed

KERNEL = "lambdameter-kernel"
# Plain builds take 1.43 to 1.6 times as long as an optimised one.
_PLAIN = 1.25


def calibrate(architecture: Architecture, now: datetime) -> Calibration:
    """Measure; it takes about half a minute, and nothing else should run.

    Raises:
        HostError: a kernel cannot be run, or the CPUs cannot be slowed.
    """
    cpu = max(os.sched_getaffinity(0))
    pythons = _pythons()
    pacer = Pacer.start(binaries.find(PROGRAM))
    awake = Awake(SystemClock())
    awake.ask()
    known = kernels.published()

    def measured(name: str, command: list[str], work: Work) -> Speed:
        with Kernel(command, cpu) as kernel:
            yardstick = Yardstick(name, kernel, work.repetitions, work.on_lambda_ms(architecture))
            return speed(yardstick, cpu, pacer)

    try:
        compiled = measured("digests, Rust", [str(binaries.find(KERNEL))], known.digests)
        interpreters = {
            name: measured(f"handler work, CPython {python.version}", python.command, known.handler)
            for name, python in pythons.items()
        }
    finally:
        awake.close()
        pacer.close()
    built = {
        name: with_build(found, compiled, known.handler.to_digests)
        for name, found in interpreters.items()
    }
    return Calibration(
        made_at=now.isoformat(timespec="seconds"),
        cpu=store.cpu_model(),
        architecture=architecture,
        interpreter=next(iter(built.values())),
        compiled=compiled,
        interpreters=built,
    )


def with_build(interpreter: Speed, compiled: Speed, to_digests: float) -> Speed:
    """Told how it was built, by what compiled code takes on the same CPU."""
    slowness = interpreter.here_ms / compiled.here_ms / to_digests
    return msgspec.structs.replace(interpreter, build="plain" if slowness > _PLAIN else "optimised")


class _Python(NamedTuple):
    version: str
    command: list[str]


def _pythons() -> dict[str, _Python]:
    """Those of Lambda's runtimes that this host has itself, the newest first."""
    pythons = {}
    for runtime in sorted(MANAGED_RUNTIMES, key=lambda name: -int(name.rpartition(".")[2])):
        try:
            python = asyncio.run(find_interpreter(runtime))
        except HostError:
            continue
        if python.name == runtime:
            pythons[runtime] = _Python(
                python.version, [python.program, "-I", "-c", kernels.HANDLER]
            )
    if not pythons:
        raise HostError(
            "None of Lambda's Python runtimes is on this host, so no interpreter can be calibrated",
            place=", ".join(MANAGED_RUNTIMES),
            next_step="Install one, for instance with `uv python install 3.13`.",
        )
    return pythons
