"""Two runs held against each other. Ratios are HEAD / BASE: above 1 is slower, dearer, bigger."""

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
    """Where a ratio lies.

    Attributes:
        ratio: as measured; low, high: the ends of its interval, of the probability `level`.
        base, head: how many environments it stands on.
    """

    ratio: float
    low: float
    high: float
    level: float
    base: int
    head: int


class NotEnough(Record, frozen=True, kw_only=True, tag="not-enough"):
    """Too few environments for an interval: how many there are, and how many each side needs."""

    base: int
    head: int
    needed: int


class Ratio(Record, frozen=True, kw_only=True):
    """One quantity of both runs.

    Attributes:
        base, head: the figures, None where not known; so then is their ratio.
        interval: None where the figures are counted and not sampled.
    """

    base: float | None
    head: float | None
    ratio: float | None
    interval: GateInterval | NotEnough | None = None


class BillRatio(Record, frozen=True, kw_only=True):
    """The whole bill of a warm call; the interval is the compute's, the rest is counted."""

    base_usd: Decimal
    head_usd: Decimal
    ratio: float | None
    interval: GateInterval | NotEnough | None


class CellRatios(Record, frozen=True, kw_only=True):
    """One variant on one case at one tier, in both runs: warm calls.

    Attributes:
        lack: why there is nothing to compare; None: there is.
        duration_ms: medians of the environments' medians.
        billed_ms: untrimmed means over all calls.
        max_memory_mb: medians.
        base_errors, head_errors: calls that failed, which are in no figure.
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
    """A variant's deployment package, zipped, in both runs.

    Attributes:
        same: whether it is the very same package; None: not known.
    """

    variant: str
    zip_bytes: Ratio
    same: bool | None


class ConditionDifference(Record, frozen=True, kw_only=True):
    """Something that was not alike in both runs.

    Attributes:
        weight: "work": they did not do the same; "figures": their figures stand for different
            things; "told": it is to be known.
    """

    topic: str = msgspec.field(name="what")
    base: str
    head: str
    weight: Literal["work", "figures", "told"]


class Gate(Record, frozen=True, kw_only=True):
    """What HEAD may at most be: `limit` is a share, 0.05 lets a ratio of 1.05 pass."""

    kind: GateKind
    limit: float


class GateVerdict(Record, frozen=True, kw_only=True):
    """What came of one gate for one cell; a package has neither case nor tier.

    Attributes:
        ratio: what was held against the gate; None: there was nothing.
        lack: why there was nothing.
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
    """Which run it is; `rounds` and `complete` as in its summary."""

    id: str
    folder: str
    created_at: str
    lambdameter: str
    rounds: int
    complete: bool


class GateReport(Record, frozen=True, kw_only=True):
    """HEAD against BASE.

    Attributes:
        variant_titles, case_titles: what they are called in words.
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
