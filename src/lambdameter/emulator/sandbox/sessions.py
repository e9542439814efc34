"""A sandbox without cgroups: it finds, stops, counts and kills processes by their sessions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import psutil

from lambdameter import binaries
from lambdameter.emulator.sandbox import launch, processes
from lambdameter.emulator.sandbox.base import Counters, ProcessSpec
from lambdameter.errors import HostError

_STOP_TRIES, _STOP_STEP_S = 5_000, 0.000_2
_KILL_TRIES, _KILL_STEP_S = 1_000, 0.005


class SessionSandbox:
    """One execution environment that consists of the sessions of its processes."""

    pacer_files = None

    def __init__(
        self,
        cpus: tuple[int, ...] = (),
        *,
        pause: Callable[[float], None] = time.sleep,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.cpus = cpus or tuple(sorted(os.sched_getaffinity(0)))
        self._pause = pause
        self._sleep = sleep
        self._started: list[asyncio.subprocess.Process] = []
        self._sessions: set[int] = set()
        self._cpu_ms: dict[int, float] = {}
        self._peak_mb = 0.0

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        process = await launch.start(launch.on_host(spec, cpus=self.cpus))
        self._started.append(process)
        self._sessions.add(process.pid)
        return process

    def charge(self, cpu_ms: float) -> None:
        """Nothing: no quota is kept here."""

    def freeze(self) -> None:
        """Stop every process by SIGSTOP; all have stopped when it returns.

        Raises:
            HostError: they have not stopped within a second.
        """
        for _ in range(_STOP_TRIES):
            running = [pid for pid in self._pids() if processes.is_running(pid)]
            if not running:
                return
            send(running, signal.SIGSTOP)
            self._pause(_STOP_STEP_S)
        raise HostError(
            "The execution environment did not stop within a second",
            next_step="Check whether one of its processes waits for a disk (state D in `ps`).",
        )

    def thaw(self) -> None:
        """Let every process run again."""
        send(self._pids(), signal.SIGCONT)

    def counters(self) -> Counters:
        """CPU time and peak; of dead processes only what was read before their end."""
        pids = self._pids()
        self._peak_mb = max(self._peak_mb, processes.peak_mb(pids))
        return Counters(
            cpu_ms=self._used_ms(pids),
            throttled_ms=None,
            peak_memory_mb=self._peak_mb,
            oom_kills=None,
        )

    def _used_ms(self, pids: Iterable[int]) -> float:
        """The CPU time of these processes and of all that were read before, ms."""
        for pid in pids:
            if (used := processes.cpu_ms(pid)) is not None:
                self._cpu_ms[pid] = used
        return sum(self._cpu_ms.values())

    async def destroy(self) -> None:
        """Kill every process of the sessions, and wait until those that we started are reaped."""
        for _ in range(_KILL_TRIES):
            pids = self._pids()
            if not pids and all(process.returncode is not None for process in self._started):
                return
            send(pids, signal.SIGKILL)
            await self._sleep(_KILL_STEP_S)
        raise HostError(
            "The execution environment's processes did not end",
            place=", ".join(str(process.pid) for process in self._started),
            next_step="Check what keeps them alive (state D in `ps`).",
        )

    def _pids(self) -> list[int]:
        """The living processes of the sessions, orphans included.

        The kernel does not reuse a session's number while one of its processes lives. So a session
        that is empty, and whose leader was reaped, need not be searched any more.
        """
        members: dict[int, int] = {}
        for pid in psutil.pids():
            with contextlib.suppress(ProcessLookupError):
                session = os.getsid(pid)
                if session in self._sessions and processes.start_ticks(pid) is not None:
                    members[pid] = session
        reaped = {process.pid for process in self._started if process.returncode is not None}
        self._sessions -= reaped - set(members.values())
        return list(members)


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to those of these processes that still live."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def check(state: Path) -> None:
    """Check what every sandbox needs: the launcher, and that programs below `state` may run.

    Raises:
        HostError: the launcher is missing, or `state` is mounted noexec.
    """
    binaries.find(launch.LAUNCHER)
    if os.statvfs(state).f_flag & os.ST_NOEXEC:
        raise HostError(
            "Functions cannot be started from a file system that is mounted noexec",
            place=str(state),
            next_step="Set TMPDIR to a folder on another file system.",
        )
