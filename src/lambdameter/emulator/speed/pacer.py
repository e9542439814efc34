"""`lambdameter-slow-core`: CPUs as slow as Lambda's, and Lambda's bandwidth rule kept on them."""

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
_SLOT = struct.Struct("<5q")
_NS_PER_MS = 1_000_000
# A millisecond's worth: mostly it takes some tens of microseconds. cgroup v2 counts microseconds.
_HEARD_TRIES, _SAME_MS = 400, 0.002


class Alone(NamedTuple):
    """What a pace was found for: a core that nobody else uses.

    Attributes:
        slowdown: how many times slower it makes a CPU there.
        streams_ns: how long the work takes there by which others are noticed
            (crates/slow-core/src/streams.rs).
    """

    slowdown: float
    streams_ns: int


class Pace(NamedTuple):
    """How long of every cycle a CPU is kept busy, ns, on a core that nobody else uses.

    Attributes:
        alone: by what others are noticed, who are then taken off it; None: they are not looked for.
    """

    busy_ns: int
    cycle_ns: int
    alone: Alone | None = None

    def order(self) -> dict[str, object]:
        """As crates/slow-core/src/order.rs reads it."""
        return {**self._asdict(), "alone": self.alone and self.alone._asdict()}


class Cold(NamedTuple):
    """What CPU time after a freeze is not slowed, ns, and how long a freeze gives all of it back.

    What a program does then is mostly to wait for memory, which takes as long on Lambda as here.
    """

    used_ns: int
    after_ns: int


class Slowness(NamedTuple):
    """What CPU time here is worth in a Lambda vCPU's.

    Attributes:
        cold: but for some after a rest.
        fault_ns: what each page fault takes longer there.
    """

    by: float = 1.0
    cold: Cold = Cold(0, 0)
    fault_ns: int = 0


_NONE = Slowness()


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    """As in crates/slow-core/src/order.rs, which explains the fields."""

    quota_ns: int | None
    slowness: float
    cold: dict[str, int]
    fault_ns: int
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
    pace: dict[str, object] | None
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
            "The local services cannot be kept at this host's own speed, because "
            "this user may not run real-time threads",
            place=f"process {pid}",
            next_step=_RIGHTS,
        ) from error


class Registration:
    """One environment, as the program knows it: at rest and not throttled, until it is told."""

    def __init__(self, pacer: Pacer, number: int, slowness: float) -> None:
        self._pacer = pacer
        self._number = number
        self._slowness = slowness
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

    def has(self, pid: int) -> None:
        """A process of its own: its page faults, and those of what it starts, are seen."""
        self._pacer.has(self._number, pid)

    def charge(self, cpu_ms: float) -> None:
        """So much of its quota was used beside its processes, ms of a Lambda vCPU."""
        self._pacer.charge(self._number, cpu_ms)

    def held_ms(self) -> float:
        """For how long it was held so far for its quota."""
        return self._pacer.told(self._number).held_ms

    def told(self, cpu_ms: float, *, at_rest: bool) -> Used:
        """What the CPU time that it has used comes to.

        At rest, all of it is known as soon as the program has heard of that.
        """
        told = self._pacer.told(self._number)
        for _ in range(_HEARD_TRIES if at_rest else 0):
            if told.used_ms >= cpu_ms - _SAME_MS:
                break
            told = self._pacer.told(self._number)
        return Used(told.worth_of(cpu_ms, self._slowness), told.lost_ms)


class Used(NamedTuple):
    """CPU time of a Lambda vCPU's, and what it would not have needed with cores to itself, ms."""

    cpu_ms: float
    lost_ms: float


class Told(NamedTuple):
    """What crates/slow-core/src/held.rs tells of an environment, ms."""

    held_ms: float
    used_ms: float
    worth_ms: float
    left_ms: float
    lost_ms: float

    def worth_of(self, cpu_ms: float, slowness: float) -> float:
        """What was used since the program looked last is in it."""
        more_ms = max(0.0, cpu_ms - self.used_ms)
        cold_ms = min(more_ms, self.left_ms)
        return self.worth_ms + cold_ms + (more_ms - cold_ms) * slowness


class Pacer:
    """The running program; make it with `Pacer.start`.

    Args:
        held: a file with a slot for each environment, that the program writes.
        blind: why page faults are not seen; empty: they are.
        below: a random number from 0 on, below its argument.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        held: int,
        blind: str = "",
        below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._process = process
        self._held = held
        self.blind = blind
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
        said = process.stdout.readline().decode(errors="replace") if process.stdout else ""
        word, _, blind = said.strip().partition(", but ")
        if word != "ready":
            complaint = process.communicate()[1].decode(errors="replace").strip()
            os.close(held)
            raise HostError(
                "The CPUs of this host cannot be kept at Lambda's speed: "
                f"{complaint or 'no reason was given'}",
                place=str(program),
                next_step=_RIGHTS,
            )
        return cls(process, held, blind)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def open(
        self,
        cpus: Iterable[int],
        pace: Pace | None = None,
        levers: Levers | None = None,
        slowness: Slowness = _NONE,
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
            pace=pace.order() if pace else None,
            limit=self._limit(levers, slowness) if levers else None,
        )
        self._write(msgspec.json.encode({"open": opening}) + b"\n")
        return Registration(self, number, slowness.by)

    def _limit(self, levers: Levers, slowness: Slowness) -> _Limit:
        """Where refills and ticks fall is an environment's own, and stays."""
        return _Limit(
            quota_ns=levers.quota_ns,
            slowness=slowness.by,
            cold=slowness.cold._asdict(),
            fault_ns=slowness.fault_ns,
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

    def has(self, number: int, pid: int) -> None:
        """Tell the program of an environment's process. Raises HostError."""
        self._write(msgspec.json.encode({"process": {"id": number, "pid": pid}}) + b"\n")

    def charge(self, number: int, cpu_ms: float) -> None:
        """Tell the program of what was used beside an environment's processes. Raises HostError."""
        charge = {"id": number, "used_ns": round(cpu_ms * _NS_PER_MS)}
        self._write(msgspec.json.encode({"charge": charge}) + b"\n")

    def told(self, number: int) -> Told:
        """As of now; of one that is held, the slot has less since when."""
        slot = os.pread(self._held, _SLOT.size, number * _SLOT.size)
        encoded, *used = _SLOT.unpack(slot.ljust(_SLOT.size, b"\0"))
        since = time.monotonic_ns() if encoded & 1 else 0
        return Told(*(ns / _NS_PER_MS for ns in ((encoded >> 1) + since, *used)))

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
            "The program that keeps the CPUs at a Lambda vCPU's speed and share died"
            + (f", with the message: {words}" if words else ""),
            place=PROGRAM,
            next_step="Measurements since then are not valid: start again.",
        )
