"""The run HEAD compared with the run BASE; ratios are HEAD / BASE: above 1 is worse."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from lambdameter.model.base import Record

GateKind = Literal["slower", "dearer", "bigger"]
Outcome = Literal["passed", "failed", "cannot-tell"]
Lack = Literal[
    "head-unequal", "base-unequal", "head-died", "base-died", "head-missing", "base-missing"
]


class GateInterval(Record, frozen=True, kw_only=True, tag="interval"):
    """A ratio with its confidence interval.

    Attributes:
        ratio: the measured ratio; low, high: ends of the interval; level: its confidence level.
        base, head: number of environments of each run.
    """

    ratio: float
    low: float
    high: float
    level: float
    base: int
    head: int


class NotEnough(Record, frozen=True, kw_only=True, tag="not-enough"):
    """Too few environments for an interval: their numbers, and the number that each run needs."""

    base: int
    head: int
    needed: int


class Ratio(Record, frozen=True, kw_only=True):
    """One quantity of both runs.

    Attributes:
        base, head: the figures; None where unknown. Then `ratio` is None, too.
        interval: None for exact figures.
    """

    base: float | None
    head: float | None
    ratio: float | None
    interval: GateInterval | NotEnough | None = None


class BillRatio(Record, frozen=True, kw_only=True):
    """The whole bill of a warm call; only compute has an interval, the rest is exact."""

    base_usd: Decimal
    head_usd: Decimal
    ratio: float | None
    interval: GateInterval | NotEnough | None


class CellRatios(Record, frozen=True, kw_only=True):
    """Warm calls of one variant on one case at one memory size, in both runs.

    Attributes:
        lack: why there are no ratios; None where there are.
        duration_ms: medians of the environments' medians.
        billed_ms: untrimmed means over all calls.
        max_memory_mb: medians.
        base_errors, head_errors: number of failed calls, which no figure includes.
    """

    variant: str
    case: str
    memory_mb: int
    lack: Lack | None = None
    duration_ms: Ratio | None = None
    billed_ms: Ratio | None = None
    bill: BillRatio | None = None
    max_memory_mb: Ratio | None = None
    base_errors: int = 0
    head_errors: int = 0


class PackageRatio(Record, frozen=True, kw_only=True):
    """A variant's zipped deployment package in both runs.

    Attributes:
        same: whether both runs have the identical package; None: unknown.
    """

    variant: str
    zip_bytes: Ratio
    same: bool | None


class ConditionDifference(Record, frozen=True, kw_only=True):
    """A difference between the conditions of two runs.

    Attributes:
        topic: what differs; `what` in JSON.
        weight: "work": the runs did not do the same work; "figures": their figures are not
            comparable; "told": for information only.
    """

    topic: str = msgspec.field(name="what")
    base: str
    head: str
    weight: Literal["work", "figures", "told"]


class Gate(Record, frozen=True, kw_only=True):
    """A limit for HEAD; `limit` is a share: 0.05 allows a ratio of 1.05."""

    kind: GateKind
    limit: float


class GateVerdict(Record, frozen=True, kw_only=True):
    """The outcome of one gate for one cell, or for a package, which has no case or memory size.

    Attributes:
        ratio: the ratio that the limit was applied to; None where there is none.
        lack: why there is no ratio.
    """

    gate: Gate
    outcome: Outcome
    variant: str
    case: str | None = None
    memory_mb: int | None = None
    ratio: float | None = None
    interval: GateInterval | NotEnough | None = None
    lack: Lack | None = None


class ComparedRun(Record, frozen=True, kw_only=True):
    """Identity of a compared run; `rounds` and `complete` as in its summary."""

    id: str
    folder: str
    created_at: str
    lambdameter: str
    rounds: int
    complete: bool


class GateReport(Record, frozen=True, kw_only=True):
    """HEAD compared with BASE.

    Attributes:
        variant_titles, case_titles: name -> title.
    """

    workload: str
    base: ComparedRun
    head: ComparedRun
    differences: tuple[ConditionDifference, ...]
    cells: tuple[CellRatios, ...]
    packages: tuple[PackageRatio, ...]
    verdicts: tuple[GateVerdict, ...]
    outcome: Outcome
    variant_titles: dict[str, str]
    case_titles: dict[str, str]
