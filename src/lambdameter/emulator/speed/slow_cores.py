"""`lambdameter-slow-core`, which keeps CPUs busy for a part of every cycle."""

from __future__ import annotations

import collections
import contextlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lambdameter.errors import HostError

PROGRAM = "lambdameter-slow-core"
_LEAVE_S = 5.0
# The slow cores' own priority is 1.
_BEFORE = 2
_RIGHTS = "Run as root or with the capability CAP_SYS_NICE, or give --speed host."


class Pace(NamedTuple):
    """How long of every cycle a CPU is kept busy, ns."""

    busy_ns: int
    cycle_ns: int


def run_before(pid: int) -> None:
    """Let a process run although its CPU is slowed: what stands for a service is no function.

    Raises:
        HostError: this user may not have real-time threads.
    """
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(_BEFORE))
    except (FileNotFoundError, ProcessLookupError):
        return
    except PermissionError as error:
        raise HostError(
            "The data plane cannot be kept at this host's own speed: this user may not have "
            "real-time threads",
            place=f"process {pid}",
            next_step=_RIGHTS,
        ) from error


class SlowCores:
    """The running program; make it with `SlowCores.start`.

    Several may hold a CPU; it is as slow as the slowest of them wants it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._held: dict[int, collections.Counter[Pace]] = {}

    @classmethod
    def start(cls, program: Path) -> SlowCores:
        """Start it; no CPU is slower yet.

        Raises:
            HostError: this user may not have real-time threads, or it does not start.
        """
        pipe = subprocess.PIPE
        process = subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            said = process.communicate()[1].decode(errors="replace").strip()
            raise HostError(
                f"The CPUs cannot be slowed to a Lambda vCPU's speed: {said or 'no word why'}",
                place=str(program),
                next_step=_RIGHTS,
            )
        return cls(process)

    def hold(self, cpus: Iterable[int], pace: Pace) -> None:
        """Slow these CPUs until `release`. Raises HostError."""
        self._change(cpus, pace, 1)

    def release(self, cpus: Iterable[int], pace: Pace) -> None:
        """Undo one `hold`. Raises HostError."""
        self._change(cpus, pace, -1)

    def close(self) -> None:
        """End it; every CPU has its own speed again. May be called twice."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _change(self, cpus: Iterable[int], pace: Pace, by: int) -> None:
        lines = ""
        for cpu in cpus:
            holders = self._held.setdefault(cpu, collections.Counter())
            before = max(+holders, default=None)
            holders[pace] += by
            after = max(+holders, default=None)
            if after != before:
                lines += f"{cpu} {after.busy_ns if after else 0} {pace.cycle_ns}\n"
        if lines:
            self._tell(lines)

    def _tell(self, lines: str) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(lines.encode())
        except (BrokenPipeError, ValueError) as error:
            raise HostError(
                "What slows the CPUs to a Lambda vCPU's speed has died",
                place=PROGRAM,
                next_step="What was measured after it is void: start again.",
            ) from error
