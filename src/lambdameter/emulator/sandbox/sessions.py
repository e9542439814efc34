"""An environment without cgroups: it is known, stopped, counted and killed by its sessions."""

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
    """One execution environment that is nothing but the sessions of its processes."""

    levers = None

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
        """What others use is nobody's here."""

    def freeze(self) -> None:
        """Stop every process by SIGSTOP; all have stopped when it returns.

        Raises:
            HostError: they have not within a second.
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
        """CPU time and peak; of processes that died what was last read, at least."""
        pids = self._pids()
        self._peak_mb = max(self._peak_mb, processes.peak_mb(pids))
        return Counters(
            cpu_ms=self._used_ms(pids),
            throttled_ms=None,
            peak_memory_mb=self._peak_mb,
            oom_kills=None,
        )

    def _used_ms(self, pids: Iterable[int]) -> float:
        """The CPU time of these processes and of all that were asked for before."""
        for pid in pids:
            if (used := processes.cpu_ms(pid)) is not None:
                self._cpu_ms[pid] = used
        return sum(self._cpu_ms.values())

    async def destroy(self) -> None:
        """Kill every process of the sessions and wait until our own are reaped."""
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

        A session's number is given to nobody else while one of them lives, so a session that
        is empty, its leader reaped, is looked at no more.
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
    """Signal those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def check(state: Path) -> None:
    """Check what even this needs: the launcher, and that functions below `state` may be run.

    Raises:
        HostError: one of them is not so.
    """
    binaries.find(launch.LAUNCHER)
    if os.statvfs(state).f_flag & os.ST_NOEXEC:
        raise HostError(
            "Functions cannot be started from a file system that is mounted noexec",
            place=str(state),
            next_step="Set TMPDIR to a folder on another file system.",
        )
