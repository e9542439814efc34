"""No enforcement: a process of the user's own, that can be stopped, counted and killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from lambdameter import binaries
from lambdameter.emulator.sandbox import launch, processes
from lambdameter.emulator.sandbox.base import NO_HANDICAP, Counters, Handicap, ProcessSpec
from lambdameter.errors import HostError
from lambdameter.model import Enforcement

_MS_PER_S = 1_000
_STOP_TRIES, _STOP_STEP_S = 5_000, 0.000_2
_KILL_TRIES, _KILL_STEP_S = 1_000, 0.005


def on_host(spec: ProcessSpec) -> launch.LaunchSpec:
    """The same process without mounts: paths inside are replaced by the host's.

    Only whole path names are, also in the middle of a list or an option: with /var/task on
    /srv/x, "/var/task:/var/tasks" becomes "/srv/x:/var/tasks".
    """
    if not spec.mounts:
        return launch.LaunchSpec(argv=spec.argv, environment=spec.environment, directory="/")
    longest_first = sorted(spec.mounts, key=len, reverse=True)
    inside = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w.-])")

    def rewrite(text: str) -> str:
        return inside.sub(lambda found: spec.mounts[found[0]], text)

    return launch.LaunchSpec(
        argv=tuple(rewrite(argument) for argument in spec.argv),
        environment={name: rewrite(value) for name, value in spec.environment.items()},
        directory=spec.mounts.get(launch.TASK_ROOT, "/"),
    )


class NoSandbox:
    """One execution environment that is nothing but the sessions of its processes."""

    def __init__(
        self,
        pause: Callable[[float], None] = time.sleep,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.cpus = tuple(sorted(os.sched_getaffinity(0)))
        self._pause = pause
        self._sleep = sleep
        self._started: list[asyncio.subprocess.Process] = []
        self._sessions: set[int] = set()
        self._cpu_ms: dict[int, float] = {}
        self._peak_mb = 0.0

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        process = await launch.start(on_host(spec))
        self._started.append(process)
        self._sessions.add(process.pid)
        return process

    def throttle(self) -> None:
        """Nothing is enforced."""

    def unthrottle(self) -> None:
        """Nothing is enforced."""

    def freeze(self) -> None:
        """Stop every process by SIGSTOP; all have stopped when it returns.

        Raises:
            HostError: they have not within a second.
        """
        for _ in range(_STOP_TRIES):
            running = [pid for pid in self._pids() if processes.is_running(pid)]
            if not running:
                return
            _signal(running, signal.SIGSTOP)
            self._pause(_STOP_STEP_S)
        raise HostError(
            "The environment did not stop within a second",
            next_step="See whether one of its processes waits for a disk (state D in `ps`).",
        )

    def thaw(self) -> None:
        """Let every process run again."""
        _signal(self._pids(), signal.SIGCONT)

    def counters(self) -> Counters:
        """CPU time in steps of 10 ms; of processes that died what was last read, at least."""
        pids = self._pids()
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = psutil.Process(pid).cpu_times()
                self._cpu_ms[pid] = (times.user + times.system) * _MS_PER_S
        self._peak_mb = max(self._peak_mb, processes.peak_mb(pids))
        return Counters(
            cpu_ms=sum(self._cpu_ms.values()),
            throttled_ms=None,
            peak_memory_mb=self._peak_mb,
            oom_kills=None,
        )

    async def destroy(self) -> None:
        """Kill every process of the sessions and wait until our own are reaped."""
        for _ in range(_KILL_TRIES):
            pids = self._pids()
            if not pids and all(process.returncode is not None for process in self._started):
                return
            _signal(pids, signal.SIGKILL)
            await self._sleep(_KILL_STEP_S)
        raise HostError(
            "The environment's processes did not die",
            place=", ".join(str(process.pid) for process in self._started),
            next_step="See what holds them (state D in `ps`).",
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


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class NoEnforcement:
    """Makes sandboxes that enforce nothing, on any Linux host and for any user."""

    def __init__(self, missing: str) -> None:
        self.enforcement = Enforcement(
            by="none",
            cpu="",
            memory="",
            freeze="SIGSTOP",
            isolation=f"own session, {launch.DESCRIPTORS:,} descriptors; the user's own rights, "
            "the host's files under the host's names",
            missing=missing,
        )

    def create(self, name: str, memory_mb: int, handicap: Handicap = NO_HANDICAP) -> NoSandbox:  # noqa: ARG002  enforces no tier
        """Make an empty enclosure."""
        return NoSandbox()

    def close(self) -> None:
        """Nothing is shared."""


def grant(state: Path, missing: str) -> NoEnforcement:
    """Check what even this needs: the launcher, and that functions below `state` may be run.

    Raises:
        HostError: one of them is not so.
    """
    binaries.find(launch.LAUNCHER)
    if os.statvfs(state).f_flag & os.ST_NOEXEC:
        raise HostError(
            "Functions cannot be started from a file system mounted noexec",
            place=str(state),
            next_step="Set TMPDIR to a folder on another file system.",
        )
    return NoEnforcement(missing or 'CPU share and memory limit: the sandbox "none" was asked for.')
