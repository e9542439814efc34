"""Runs `lambdameter-slow-core`, which slows CPUs to Lambda's speed and keeps its bandwidth rule."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import struct
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from lambdameter.emulator.sandbox.base import PacerFiles
from lambdameter.emulator.speed.orders import (
    NOT_CONVERTED,
    PERIOD_NS,
    TICK_NS,
    Limit,
    Opening,
    Pace,
    Slowness,
)
from lambdameter.errors import HostError

PROGRAM = "lambdameter-slow-core"
_END_LIMIT_S = 5.0
# The real-time threads that keep CPUs busy have priority 1.
_HIGHER_PRIORITY = 2
_RIGHTS = "Run as root or with the capability CAP_SYS_NICE, or give --speed host."
_SLOT = struct.Struct("<5q")
_NS_PER_MS = 1_000_000
# Reading for a millisecond; usually the program takes some tens of microseconds. cgroup v2 counts
# microseconds.
_READ_TRIES, _SAME_MS = 400, 0.002


def exempt(pid: int) -> None:
    """Give a process a higher priority than what keeps its CPU busy: a service is not slowed.

    Raises:
        HostError: this user may not have real-time threads.
    """
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(_HIGHER_PRIORITY))
    except (FileNotFoundError, ProcessLookupError):
        return
    except PermissionError as error:
        raise HostError(
            "The local services cannot be kept at this host's own speed, because "
            "this user may not run real-time threads",
            place=f"process {pid}",
            next_step=_RIGHTS,
        ) from error


class Registration:
    """One environment in the program; at first it is at rest and not throttled.

    Every method but `close` raises HostError where the program has died.
    """

    def __init__(self, pacer: Pacer, number: int, slowness: float) -> None:
        self._pacer = pacer
        self._number = number
        self._slowness = slowness
        self._open = True

    def run(self) -> None:
        """Its processes are about to run."""
        self._pacer.order("run", self._number)

    def rest(self) -> None:
        """Its processes have been frozen."""
        self._pacer.order("rest", self._number)

    def throttle(self) -> None:
        """Keep the environment to its quota, beginning with a full pool."""
        self._pacer.order("throttle", self._number)

    def unthrottle(self) -> None:
        """Do not hold the environment any more."""
        self._pacer.order("unthrottle", self._number)

    def close(self) -> None:
        """Forget the environment, if the program still lives. May be called twice."""
        if self._open:
            self._open = False
            with contextlib.suppress(HostError):
                self._pacer.order("close", self._number)

    def add_process(self, pid: int) -> None:
        """Count page faults of this process and its descendants."""
        self._pacer.add_process(self._number, pid)

    def charge(self, cpu_ms: float) -> None:
        """Take CPU time of a Lambda vCPU from its quota, which its own processes did not use."""
        self._pacer.charge(self._number, cpu_ms)

    def held_ms(self) -> float:
        """For how long the environment was held for its quota so far."""
        return self._pacer.totals(self._number).held_ms

    def used(self, cpu_ms: float, *, at_rest: bool) -> Used:
        """Convert the environment's CPU time so far.

        Args:
            cpu_ms: its CPU time so far on this host.
            at_rest: whether it is frozen. Then wait until the program has converted all of that.
        """
        totals = self._pacer.totals(self._number)
        for _ in range(_READ_TRIES if at_rest else 0):
            if totals.used_ms >= cpu_ms - _SAME_MS:
                break
            totals = self._pacer.totals(self._number)
        return Used(totals.on_lambda_ms(cpu_ms, self._slowness), totals.lost_ms)


class Used(NamedTuple):
    """CPU time of a Lambda vCPU, and how much of it was needed only because others used the cores.

    Both in ms.
    """

    cpu_ms: float
    lost_ms: float


class Totals(NamedTuple):
    """An environment's totals in the program's shared file (crates/slow-core/src/slots.rs), ms.

    Attributes:
        held_ms: for how long it was held for its quota.
        used_ms: its CPU time on this host, as of the program's last reading.
        converted_ms: the same as CPU time of a Lambda vCPU.
        cold_ms: how much of its next CPU time is not to be converted.
        lost_ms: what it needed more because others used the same cores.
    """

    held_ms: float
    used_ms: float
    converted_ms: float
    cold_ms: float
    lost_ms: float

    def on_lambda_ms(self, cpu_ms: float, slowness: float) -> float:
        """CPU time of a Lambda vCPU, for `cpu_ms` of this host until now."""
        since_ms = max(0.0, cpu_ms - self.used_ms)
        cold_ms = min(since_ms, self.cold_ms)
        return self.converted_ms + cold_ms + (since_ms - cold_ms) * slowness


class Pacer:
    """The running program; make it with `Pacer.start`.

    Args:
        process: the program.
        slots: the shared file, which the program writes; it has a slot for each environment.
        uncounted_faults: why page faults are not counted; empty: they are counted.
        below: returns a random number from 0 up to, and without, its argument.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        slots: int,
        uncounted_faults: str = "",
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._process = process
        self._slots = slots
        self.uncounted_faults = uncounted_faults
        self._below = below
        self._numbers = itertools.count()
        self._watching: asyncio.AbstractEventLoop | None = None

    @classmethod
    def start(cls, program: Path) -> Pacer:
        """Start the program; nothing is slowed or held yet.

        Raises:
            HostError: this user may not have real-time threads, or the program does not start.
        """
        pipe = subprocess.PIPE
        slots = os.memfd_create("slots")
        process = subprocess.Popen(
            [program, "keep", f"/proc/self/fd/{slots}"],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            pass_fds=(slots,),
        )
        line = process.stdout.readline().decode(errors="replace") if process.stdout else ""
        word, _, uncounted_faults = line.strip().partition(", but ")
        if word != "ready":
            complaint = process.communicate()[1].decode(errors="replace").strip()
            os.close(slots)
            raise HostError(
                "The CPUs of this host cannot be kept at Lambda's speed: "
                f"{complaint or 'no reason was given'}",
                place=str(program),
                next_step=_RIGHTS,
            )
        return cls(process, slots, uncounted_faults)

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._process.pid

    def open(
        self,
        cpus: Iterable[int],
        pace: Pace | None = None,
        pacer_files: PacerFiles | None = None,
        slowness: Slowness = NOT_CONVERTED,
    ) -> Registration:
        """Register an environment.

        Args:
            cpus: the CPUs that its processes may run on.
            pace: how these are slowed while it runs; None: they are not slowed.
            pacer_files: how it is kept to its quota; None: it has no quota here.
            slowness: how its CPU time is converted to a Lambda vCPU's.

        Raises:
            HostError: the program has died.
        """
        number = next(self._numbers)
        opening = Opening(
            id=number,
            cpus=tuple(cpus),
            pace=pace.order() if pace else None,
            limit=self._limit(pacer_files, slowness) if pacer_files else None,
        )
        self._write(msgspec.json.encode({"open": opening}) + b"\n")
        return Registration(self, number, slowness.by)

    def _limit(self, pacer_files: PacerFiles, slowness: Slowness) -> Limit:
        """The quota, with random phases of refills and ticks, which an environment keeps."""
        return Limit(
            quota_ns=pacer_files.quota_ns,
            slowness=slowness.by,
            cold=slowness.cold._asdict(),
            fault_ns=slowness.fault_ns,
            refill_phase_ns=self._below(PERIOD_NS),
            tick_phase_ns=self._below(TICK_NS),
            usage=str(pacer_files.usage),
            counts=pacer_files.counts,
            hold=str(pacer_files.hold),
            freeze=pacer_files.freeze,
            thaw=pacer_files.thaw,
        )

    def order(self, name: str, number: int) -> None:
        """Send the program an order for an environment. Raises HostError."""
        self._write(b'{"%b": %d}\n' % (name.encode(), number))

    def add_process(self, number: int, pid: int) -> None:
        """Tell the program of an environment's process. Raises HostError."""
        self._write(msgspec.json.encode({"process": {"id": number, "pid": pid}}) + b"\n")

    def charge(self, number: int, cpu_ms: float) -> None:
        """Tell the program of CPU time that AWS's own processes use. Raises HostError."""
        charge = {"id": number, "used_ns": round(cpu_ms * _NS_PER_MS)}
        self._write(msgspec.json.encode({"charge": charge}) + b"\n")

    def totals(self, number: int) -> Totals:
        """An environment's totals now.

        The slot's first number is twice the time held, ns. It is odd while the environment is held,
        and then the time of the hold's begin has been subtracted.
        """
        slot = os.pread(self._slots, _SLOT.size, number * _SLOT.size)
        encoded, *others = _SLOT.unpack(slot.ljust(_SLOT.size, b"\0"))
        now_ns = time.monotonic_ns() if encoded & 1 else 0
        return Totals(*(ns / _NS_PER_MS for ns in ((encoded >> 1) + now_ns, *others)))

    def watch(self) -> asyncio.Future[HostError]:
        """Resolves with the reason if the program dies before close()."""
        loop = self._watching = asyncio.get_running_loop()
        died: asyncio.Future[HostError] = loop.create_future()

        def ended() -> None:
            self._stop_watching()
            if not died.done():
                died.set_result(self._death())

        if self._process.stdout is not None:
            loop.add_reader(self._process.stdout.fileno(), ended)
        return died

    def close(self) -> None:
        """End the program, which frees CPUs and environments. May be called twice."""
        self._stop_watching()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        if self._slots >= 0:
            os.close(self._slots)
        self._slots = -1

    def _stop_watching(self) -> None:
        if self._watching is not None and self._process.stdout is not None:
            self._watching.remove_reader(self._process.stdout.fileno())
        self._watching = None

    def _write(self, line: bytes) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(line)
        except (BrokenPipeError, ValueError) as error:
            raise self._death() from error

    def _death(self) -> HostError:
        complaint = b""
        if self._process.stderr is not None and not self._process.stderr.closed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_LIMIT_S)
                complaint = self._process.stderr.read() or b""
        message = complaint.decode(errors="replace").strip()
        return HostError(
            "The program that keeps the CPUs at a Lambda vCPU's speed and share died"
            + (f", with the message: {message}" if message else ""),
            place=PROGRAM,
            next_step="Measurements since then are not valid: start again.",
        )
