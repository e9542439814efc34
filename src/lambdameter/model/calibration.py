"""How fast this host is, measured against a Lambda vCPU."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Architecture, Record

Build = Literal["optimised", "plain"]
_PYTHON = "python3."


class Speed(Record, frozen=True, kw_only=True):
    """Of one kind of code.

    Attributes:
        kernel: what was run to find out, with what.
        here_ms: its time on one CPU of this host, the median of several runs, each as it would have
            been on a core that nobody else uses.
        lambda_ms: its published time on one whole vCPU.
        factor: lambda_ms / here_ms, at least 1: a host that is slower is not made faster.
        busy_ns, cycle_ns: how long of every cycle a CPU is kept busy to be slower by the factor.
        reached: by how much the kernel was slower then, as measured.
        cpu_share: of that time, how much the kernel counted as its CPU time: a vCPU's time is
            worth as much here.
        build: of an interpreter: with profile-guided optimisation, as AWS's own, or without; None:
            not known.
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
        """The factor, and what must be known of it."""
        return f"{self.factor:.2f}" + " (plain build)" * (self.build == "plain")


class Calibration(Record, frozen=True, kw_only=True):
    """One host against one architecture's vCPU.

    Attributes:
        made_at: ISO 8601 with its zone.
        interpreter: of the newest of Lambda's Python runtimes that this host has.
        interpreters: of each that it has, by the runtime's name. Empty in calibrations that were
            made before they were told apart.
        streams_ns: how long the work takes by which others on a core are noticed, when there are
            none. None: in calibrations that were made before others were looked for.
    """

    made_at: str
    cpu: str
    architecture: Architecture
    interpreter: Speed
    compiled: Speed
    interpreters: dict[str, Speed] = {}
    streams_ns: int | None = None

    def of(self, runtime: str) -> Speed:
        """The speed of what serves a runtime: of the nearest Python, where it has not the one."""
        if not runtime.startswith(_PYTHON):
            return self.compiled
        nearest = min(
            self.interpreters, key=lambda available: _distance(runtime, available), default=None
        )
        return self.interpreter if nearest is None else self.interpreters[nearest]

    @property
    def line(self) -> str:
        """In a few words."""
        pythons = self.interpreters or {"interpreters": self.interpreter}
        factors = ", ".join(f"{name} {speed.line}" for name, speed in pythons.items())
        return (
            f"CPUs slowed to a Lambda {self.architecture} vCPU's speed: {factors}, compiled code "
            f"{self.compiled.factor:.2f} times (calibrated {self.made_at[:10]})"
        )


def _distance(wanted: str, available: str) -> tuple[int, int]:
    """How far apart two runtimes are; of two that are equally far the newer one is nearer."""
    wanted_minor, available_minor = (
        int(name.removeprefix(_PYTHON)) for name in (wanted, available)
    )
    return abs(wanted_minor - available_minor), -available_minor
