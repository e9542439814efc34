"""Calibrates this host: its interpreters and compilers against a Lambda vCPU."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from lambdameter import binaries
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.execution.interpreters import find_interpreter
from lambdameter.emulator.speed import kernels, store
from lambdameter.emulator.speed.keep_awake import KeepAwake
from lambdameter.emulator.speed.kernels import Kernel, Work
from lambdameter.emulator.speed.neighbours import Core
from lambdameter.emulator.speed.pacer import PROGRAM, Pacer
from lambdameter.emulator.speed.yardstick import Yardstick, speed, yardstick
from lambdameter.errors import HostError
from lambdameter.model.base import Architecture
from lambdameter.model.calibration import Calibration, Speed

KERNEL = "lambdameter-kernel"
# A plain build takes 1.43 to 1.6 times as long as an optimised one.
_PLAIN = 1.25


def calibrations(
    architectures: Sequence[Architecture], now: datetime, earlier_ns: int | None = None
) -> Iterator[Calibration]:
    """Calibrate this host. It takes up to a minute and a half, and nothing else should run.

    Args:
        architectures: whose vCPUs this host is compared with.
        now: `Calibration.made_at`.
        earlier_ns: `streams_ns` of an earlier calibration of this CPU; None: there is none.

    Yields:
        The calibration against each architecture's vCPU.

    Raises:
        HostError: a kernel fails, CPUs cannot be slowed, or other work uses their cores.
    """
    cpu = max(os.sched_getaffinity(0))
    core = Core(lambda: streams_ns(cpu), SystemClock().now_ms, time.sleep, earlier_ns)
    published, pythons = kernels.published(), _pythons()
    with contextlib.ExitStack() as stack:
        pacer = Pacer.start(binaries.find(PROGRAM))
        stack.callback(pacer.close)
        stack.enter_context(KeepAwake.throughout(SystemClock()))

        def measure(name: str, command: list[str], work: Work) -> Yardstick:
            kernel = stack.enter_context(Kernel(command, cpu))
            return yardstick(name, kernel, work.repetitions, cpu, core)

        compiled = measure("digests, Rust", [str(binaries.find(KERNEL))], published.digests)
        interpreters = {
            name: measure(
                f"handler work, CPython {python.version}", python.command, published.handler
            )
            for name, python in pythons.items()
        }
        for architecture in architectures:
            compiled_speed, speeds = _speeds(compiled, interpreters, architecture, pacer)
            yield Calibration(
                made_at=now.isoformat(timespec="seconds"),
                cpu=store.cpu_model(),
                architecture=architecture,
                interpreter=next(iter(speeds.values())),
                compiled=compiled_speed,
                interpreters=speeds,
                streams_ns=core.alone_ns,
            )


def _speeds(
    compiled: Yardstick,
    interpreters: dict[str, Yardstick],
    architecture: Architecture,
    pacer: Pacer,
) -> tuple[Speed, dict[str, Speed]]:
    """The speeds of compiled code and of each interpreter, against one architecture's vCPU."""
    handler, digests = kernels.published().handler, kernels.published().digests
    handler_ms = handler.on_lambda_ms(architecture)
    compiled_speed = speed(compiled, digests.on_lambda_ms(architecture), pacer)
    return compiled_speed, {
        name: with_build(speed(python, handler_ms, pacer), compiled_speed, handler.to_digests)
        for name, python in interpreters.items()
    }


def streams_ns(cpu: int) -> int:
    """How long a CPU takes now for the work that shows whether others use its core, ns.

    Raises:
        HostError: the program that does this work has failed.
    """
    command = [str(binaries.find(PROGRAM)), "streams", str(cpu)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise HostError(
            "lambdameter cannot tell whether other work uses this core: "
            f"{completed.stderr.strip()}",
            place=f"CPU {cpu}",
            next_step="Run `make setup`, then calibrate again.",
        )
    return int(completed.stdout)


def with_build(interpreter: Speed, compiled: Speed, to_digests: float) -> Speed:
    """Add how the interpreter was built, judged by compiled code's time on the same CPU."""
    slowness = interpreter.here_ms / compiled.here_ms / to_digests
    return msgspec.structs.replace(interpreter, build="plain" if slowness > _PLAIN else "optimised")


class _Python(NamedTuple):
    version: str
    command: list[str]


def _pythons() -> dict[str, _Python]:
    """The interpreters of Lambda's runtimes that this host has, the newest first."""
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
            "This host has none of Lambda's Python runtimes, so no interpreter can be calibrated",
            place=", ".join(MANAGED_RUNTIMES),
            next_step="Install one, for instance with `uv python install 3.13`.",
        )
    return pythons
