"""How fast this host is, measured against a Lambda vCPU."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Architecture, Record

CodeKind = Literal["interpreter", "compiled"]


class Speed(Record, frozen=True, kw_only=True):
    """Of one kind of code.

    Attributes:
        kernel: what was run to find out, with what.
        here_ms: its time on one CPU of this host, the fastest of several runs.
        lambda_ms: its published time on one whole vCPU.
        factor: lambda_ms / here_ms, at least 1: a host that is slower is not made faster.
        busy_ns, cycle_ns: how long of every cycle a CPU is kept busy to be slower by the factor.
        reached: by how much the kernel was slower then, as measured.
        cpu_share: of that time, how much the kernel counted as its CPU time: a vCPU's time is
            worth as much here.
    """

    kernel: str
    here_ms: float
    lambda_ms: float
    factor: float
    busy_ns: int
    cycle_ns: int
    reached: float
    cpu_share: float


class Calibration(Record, frozen=True, kw_only=True):
    """One host against one architecture's vCPU; `made_at` is ISO 8601 with its zone."""

    made_at: str
    cpu: str
    architecture: Architecture
    interpreter: Speed
    compiled: Speed

    def of(self, kind: CodeKind) -> Speed:
        """The speed of one kind of code."""
        return self.interpreter if kind == "interpreter" else self.compiled

    @property
    def line(self) -> str:
        """In a few words."""
        return (
            f"CPUs slowed to a Lambda {self.architecture} vCPU's speed: interpreters by "
            f"{self.interpreter.factor:.2f}, compiled code by {self.compiled.factor:.2f} "
            f"(calibrated {self.made_at[:10]})"
        )
