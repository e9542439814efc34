"""Reads single processes in /proc, for all sandboxes."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lambdameter.units import BYTES_PER_MIB

PROC = Path("/proc")
_PEAK_KIB = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_THREADS = re.compile(rb"^Threads:\s+(\d+)$", re.MULTILINE)
_CAPABILITIES = re.compile(r"^CapEff:\s+([0-9a-f]+)$", re.MULTILINE)
_CAP_SYS_ADMIN = 21
_KIB_PER_MIB = 1024
_MS_PER_S = 1_000
_RESIDENT = 1  # of /proc/PID/statm, in pages
_CPUCLOCK_SCHED = 2
_CHUNK_BYTES, _PAGE_BYTES = 16_384, 4_096
# Fields of /proc/PID/stat after the program's name, which may hold anything: the state is the
# first of them and the start time the 20th. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_STATE, _START_TICKS = 0, 19
_DEAD = frozenset("ZX")
_STOPPED = frozenset("Tt")


def peak_mb(pids: Iterable[int], proc: Path = PROC) -> float:
    """The sum of the peak resident sizes of these processes, MiB; dead processes have none.

    Shared pages count in each process, and the peaks may be of different moments. For a function
    with one process, the sum is exact.
    """
    return sum(_peak_kib(f"{proc}/{pid}/status") for pid in pids) / _KIB_PER_MIB


def _peak_kib(status: str) -> int:
    try:
        match = _PEAK_KIB.search(read(status))
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(match[1]) if match else 0


class ProcessStatus(NamedTuple):
    """Figures of one process; `threads` shows whether it is the only process of a group."""

    peak_mb: float
    threads: int


class StatusFile:
    """/proc/PID/status of one process, which stays open to be read in every invocation.

    It stays the file of this process, also after another process got the pid.
    """

    def __init__(self, pid: int, proc: Path = PROC) -> None:
        self._descriptor: int | None = None
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            self._descriptor = os.open(proc / str(pid) / "status", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> ProcessStatus | None:
        """Read the figures; None: the process is dead."""
        if self._descriptor is None:
            return None
        try:
            text = os.pread(self._descriptor, _CHUNK_BYTES, 0)
        except ProcessLookupError:
            return None
        peak, threads = _PEAK_KIB.search(text), _THREADS.search(text)
        return (
            ProcessStatus(int(peak[1]) / _KIB_PER_MIB, int(threads[1]))
            if peak and threads
            else None
        )

    def close(self) -> None:
        """Close the file; from now on the process counts as dead."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def cpu_ms(pid: int) -> float | None:
    """The CPU time of all threads of a process; None: it is dead.

    The clock of clock_getcpuclockid(3), which Python does not wrap: include/linux/posix-timers.h.
    """
    try:
        return time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED) * _MS_PER_S
    except OSError:
        return None


def resident_mb(pid: int, proc: Path = PROC) -> float:
    """The resident size of a process now, MiB; 0: it is dead."""
    try:
        pages = int(read(f"{proc}/{pid}/statm").split()[_RESIDENT])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / BYTES_PER_MIB


def read(path: str) -> bytes:
    """Read a file of the kernel in few calls, for use in every invocation."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = part = os.read(descriptor, _CHUNK_BYTES)
        # The kernel returns a page at a time, cut at the end of a line: less than half a page is
        # the end of the file.
        while len(part) > _PAGE_BYTES // 2:
            part = os.read(descriptor, _CHUNK_BYTES)
            text += part
        return text
    finally:
        os.close(descriptor)


def start_ticks(pid: int, proc: Path = PROC) -> int | None:
    """When a process was started, in clock ticks since boot; None: it is dead or a zombie.

    Since pids are reused, only pid and start time together identify a process.
    """
    fields = _stat(pid, proc)
    return None if fields is None or fields[_STATE] in _DEAD else int(fields[_START_TICKS])


def is_running(pid: int, proc: Path = PROC) -> bool:
    """Whether a process may get CPU time: it is neither dead nor stopped by a signal."""
    fields = _stat(pid, proc)
    return fields is not None and fields[_STATE] not in _DEAD | _STOPPED


def _stat(pid: int, proc: Path) -> list[str] | None:
    try:
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def may_administer(proc: Path = PROC) -> bool:
    """Whether we hold CAP_SYS_ADMIN, without which there are no mounts."""
    match = _CAPABILITIES.search((proc / "self" / "status").read_text())
    return bool(match and int(match[1], 16) >> _CAP_SYS_ADMIN & 1)
