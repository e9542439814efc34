"""The speed of this host compared with a Lambda vCPU."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Architecture, Record

Build = Literal["optimised", "plain"]
_PYTHON = "python3."


class Speed(Record, frozen=True, kw_only=True):
    """The speed of one kind of code.

    Attributes:
        kernel: the measured program and its interpreter.
        here_ms: its time on one CPU of this host: the median of several runs, each as if nobody
            else used the core.
        lambda_ms: its published time on one whole vCPU.
        factor: lambda_ms / here_ms, at least 1: a slower host is not made faster.
        busy_ns, cycle_ns: for how long of every cycle a CPU is kept busy, to be slower by the
            factor.
        reached: the measured factor of a CPU that is kept busy.
        cpu_share: share of that time that counts as the program's CPU time; the CPU time of a
            vCPU is multiplied by it.
        build: whether an interpreter was built with profile-guided optimisation, like AWS's, or
            without ("plain"); None: unknown.
    """

    kernel: str
    here_ms: float
    lambda_ms: float
    factor: float
    busy_ns: int
    cycle_ns: int
    reached: float
    cpu_share: float
    build: Build | None = None

    @property
    def line(self) -> str:
        """The factor, with a note on plain builds."""
        return f"{self.factor:.2f}" + " (plain build)" * (self.build == "plain")


class Calibration(Record, frozen=True, kw_only=True):
    """The speed of one host compared with one architecture's vCPU.

    Attributes:
        made_at: ISO 8601 with its zone.
        interpreter: speed of the newest of Lambda's Python runtimes on this host.
        interpreters: speed of each Python runtime on this host, by the runtime's name. Empty in
            old calibrations.
        streams_ns: time of the work that detects other users of a core, when there are none. None
            in old calibrations.
    """

    made_at: str
    cpu: str
    architecture: Architecture
    interpreter: Speed
    compiled: Speed
    interpreters: dict[str, Speed] = {}
    streams_ns: int | None = None

    def of(self, runtime: str) -> Speed:
        """The speed of a runtime; of the nearest Python, if this host lacks the runtime's own."""
        if not runtime.startswith(_PYTHON):
            return self.compiled
        nearest = min(
            self.interpreters, key=lambda available: _distance(runtime, available), default=None
        )
        return self.interpreter if nearest is None else self.interpreters[nearest]

    @property
    def line(self) -> str:
        """A summary in one line."""
        pythons = self.interpreters or {"interpreters": self.interpreter}
        factors = ", ".join(f"{name} {speed.line}" for name, speed in pythons.items())
        return (
            f"CPUs slowed to a Lambda {self.architecture} vCPU's speed: {factors}, compiled code "
            f"{self.compiled.factor:.2f} times (calibrated {self.made_at[:10]})"
        )


def _distance(wanted: str, available: str) -> tuple[int, int]:
    """The distance of two Python versions; of two equally distant ones, the newer is nearer."""
    wanted_minor, available_minor = (
        int(name.removeprefix(_PYTHON)) for name in (wanted, available)
    )
    return abs(wanted_minor - available_minor), -available_minor
