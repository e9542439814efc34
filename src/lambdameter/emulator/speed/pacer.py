"""`lambdameter-slow-core`: CPUs as slow as Lambda's, and Lambda's bandwidth rule kept on them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from lambdameter.emulator.sandbox.base import Levers
from lambdameter.errors import HostError

PROGRAM = "lambdameter-slow-core"
# Of the bandwidth rule: when a pool is refilled, and the tick of Lambda's kernel. Both, and that
# debts are carried, were measured on AWS: https://arxiv.org/abs/2506.01283, section 4.3.
PERIOD_NS, TICK_NS = 20_000_000, 4_000_000
_LEAVE_S = 5.0
# The real-time threads that keep CPUs busy have priority 1.
_BEFORE = 2
_RIGHTS = "Run as root or with the capability CAP_SYS_NICE, or give --speed host."
_SLOT_BYTES = 8
_NS_PER_MS = 1_000_000


class Pace(NamedTuple):
    """How long of every cycle a CPU is kept busy, ns."""

    busy_ns: int
    cycle_ns: int


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    """As in crates/slow-core/src/order.rs, which explains the fields."""

    quota_ns: int
    slowness: float
    refill_phase_ns: int
    tick_phase_ns: int
    usage: str
    counts: str
    hold: str
    freeze: str
    thaw: str


class _Opening(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    cpus: tuple[int, ...]
    pace: dict[str, int] | None
    limit: _Limit | None


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


class Registration:
    """One environment, as the program knows it: at rest and not throttled, until it is told."""

    def __init__(self, pacer: Pacer, number: int) -> None:
        self._pacer = pacer
        self._number = number
        self._open = True

    def run(self) -> None:
        """Its processes are about to run. Raises HostError, as all the others do."""
        self._pacer.order("run", self._number)

    def rest(self) -> None:
        """They have been frozen."""
        self._pacer.order("rest", self._number)

    def throttle(self) -> None:
        """From now on it has its quota, beginning with a whole one."""
        self._pacer.order("throttle", self._number)

    def unthrottle(self) -> None:
        """It is held no more."""
        self._pacer.order("unthrottle", self._number)

    def close(self) -> None:
        """Let go of it; where the program is dead there is nothing to do. May be called twice."""
        if self._open:
            self._open = False
            with contextlib.suppress(HostError):
                self._pacer.order("close", self._number)

    def held_ms(self) -> float:
        """For how long it was held so far for its quota."""
        return self._pacer.held_ms(self._number)


class Pacer:
    """The running program; make it with `Pacer.start`.

    Args:
        held: a file of eight bytes for each environment, that the program writes.
        below: a random number from 0 on, below its argument.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        held: int,
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._process = process
        self._held = held
        self._below = below
        self._numbers = itertools.count()
        self._watching: asyncio.AbstractEventLoop | None = None

    @classmethod
    def start(cls, program: Path) -> Pacer:
        """Start it; nothing is slower or held yet.

        Raises:
            HostError: this user may not have real-time threads, or it does not start.
        """
        pipe = subprocess.PIPE
        held = os.memfd_create("held")
        process = subprocess.Popen(
            [program, "keep", f"/proc/self/fd/{held}"],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            pass_fds=(held,),
        )
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            complaint = process.communicate()[1].decode(errors="replace").strip()
            os.close(held)
            raise HostError(
                f"This host's CPUs cannot be kept to Lambda's: {complaint or 'no word why'}",
                place=str(program),
                next_step=_RIGHTS,
            )
        return cls(process, held)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def open(
        self,
        cpus: Iterable[int],
        pace: Pace | None = None,
        levers: Levers | None = None,
        slowness: float = 1.0,
    ) -> Registration:
        """Register an environment.

        Args:
            cpus: that its processes may run on.
            pace: how slow these are while it runs; None: as fast as they are.
            levers: how it is kept to its quota; None: it is not.
            slowness: what CPU time here is worth in a Lambda vCPU's.

        Raises:
            HostError: the program has died.
        """
        number = next(self._numbers)
        opening = _Opening(
            id=number,
            cpus=tuple(cpus),
            pace=pace._asdict() if pace else None,
            limit=self._limit(levers, slowness) if levers else None,
        )
        self._write(msgspec.json.encode({"open": opening}) + b"\n")
        return Registration(self, number)

    def _limit(self, levers: Levers, slowness: float) -> _Limit:
        """Where refills and ticks fall is an environment's own, and stays."""
        return _Limit(
            quota_ns=levers.quota_ns,
            slowness=slowness,
            refill_phase_ns=self._below(PERIOD_NS),
            tick_phase_ns=self._below(TICK_NS),
            usage=str(levers.usage),
            counts=levers.counts,
            hold=str(levers.hold),
            freeze=levers.freeze,
            thaw=levers.thaw,
        )

    def order(self, what: str, number: int) -> None:
        """Tell the program of an environment. Raises HostError."""
        self._write(b'{"%b": %d}\n' % (what.encode(), number))

    def held_ms(self, number: int) -> float:
        """As crates/slow-core/src/held.rs has it: of one that is held, less since when."""
        slot = os.pread(self._held, _SLOT_BYTES, number * _SLOT_BYTES)
        encoded = int.from_bytes(slot, "little", signed=True)
        since = time.monotonic_ns() if encoded & 1 else 0
        return ((encoded >> 1) + since) / _NS_PER_MS

    def watch(self) -> asyncio.Future[HostError]:
        """Resolves with the reason should the program die before close()."""
        loop = self._watching = asyncio.get_running_loop()
        died: asyncio.Future[HostError] = loop.create_future()

        def ended() -> None:
            self._watch_no_more()
            if not died.done():
                died.set_result(self._death())

        if self._process.stdout is not None:
            loop.add_reader(self._process.stdout.fileno(), ended)
        return died

    def close(self) -> None:
        """End it: every CPU has its own speed again, and nothing is held. May be called twice."""
        self._watch_no_more()
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
        if self._held >= 0:
            os.close(self._held)
        self._held = -1

    def _watch_no_more(self) -> None:
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
                self._process.wait(_LEAVE_S)
                complaint = self._process.stderr.read() or b""
        words = complaint.decode(errors="replace").strip()
        return HostError(
            "What keeps the CPUs to a Lambda vCPU's speed and share has died"
            + (f", saying: {words}" if words else ""),
            place=PROGRAM,
            next_step="What was measured after it is void: start again.",
        )
