"""What others published, and what is to be run to judge it."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Call, ParameterValue, Record

Operation = Literal["value", "ratio", "saving", "difference"]
Tolerance = Literal["time", "memory", "size", "exact"]
# Workload, variant, case, memory in MB.
Cell = tuple[str, str, str, int]


class PublishedFigure(Record, frozen=True, kw_only=True):
    """One published figure that stands beside ours.

    Attributes:
        call: which call it is of; "cold" is the first call of an environment, INIT included.
        metric: a phase's name, a figure of model.CallSummary ("duration_ms", "mean_ms"), or
            another that stands beside none of ours ("zip_bytes").
    """

    claim: str
    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call = "warm"
    metric: str
    value: float


class Quantity(Record, frozen=True, kw_only=True):
    """Something that an environment of a cell yields; stats/quantities.py lists the metrics."""

    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call = "warm"
    metric: str

    @property
    def cell(self) -> Cell:
        """Where it is measured."""
        return self.workload, self.variant, self.case, self.memory_mb


class Documented(Record, frozen=True, kw_only=True):
    """A figure that AWS documents, and where."""

    value: float
    source: str


class ClaimRow(Record, frozen=True, kw_only=True):
    """One published statement, and what it is held against.

    What is published is a value, a range or, where the text has words alone, a side: which of
    both is less. What it is held against is measured (`of`, `over`), recomputed by an audit of
    the text's table (`table`), or AWS's documentation.

    Attributes:
        id: begins with the claim's.
        unit: "ms", "USD", "MB", "B", "%", "x" or whatever else is counted.
        side: "below": `of` is said to be less than `over`; "above": more.
        says: the text's own words, or what it puts this down to.
        operation: "value": the sum of `of`; "ratio": `of` / `over`; "saving": 1 - `of` / `over`;
            "difference": `of` - `over`.
        of, over: what is summed up in each round.
        table: ids of the rows of the text's table that it stands on.
        scale: ours, times this, is in the unit of what is published.
        tolerance: whose error is stated in claims/tolerances.toml.
    """

    id: str
    claim: str
    title: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    side: Literal["below", "above"] | None = None
    says: str = ""
    operation: Operation = "value"
    of: tuple[Quantity, ...] = ()
    over: tuple[Quantity, ...] = ()
    table: tuple[str, ...] = ()
    documented: Documented | None = None
    scale: float = 1
    tolerance: Tolerance = "time"


class Study(Record, frozen=True, kw_only=True):
    """Figures that no text has: several variants side by side, for a question that one raises.

    Attributes:
        columns: metric -> its head, with the unit in it.
        says: how the table is to be read, what it cannot show included.
    """

    claim: str
    title: str
    workload: str
    variants: tuple[str, ...]
    case: str
    memory_mb: int
    cold: dict[str, str] = {}
    warm: dict[str, str] = {}
    says: str


class Headline(Record, frozen=True, kw_only=True):
    """A published saving, held against the whole bill, line by line.

    Attributes:
        of, over: the variants; the bill of `over` is the whole.
        calls: how many calls the bill is for.
    """

    claim: str
    title: str
    workload: str
    of: str
    over: str
    cases: tuple[str, ...]
    memory_mb: int
    calls: int = 1


class ClaimSource(Record, frozen=True, kw_only=True):
    """One published text and its figures.

    Attributes:
        count: units of work in the call that each figure was taken from: beside a call of
            another size it would mislead. None: the workload knows one size alone.
        waiting: phases that wait for a service.
        rows: statements beside `figures`, each of which is one too.
    """

    id: str
    title: str
    conditions: str
    count: int | None = None
    figures: tuple[PublishedFigure, ...] = ()
    waiting: tuple[str, ...] = ()
    rows: tuple[ClaimRow, ...] = ()
    studies: tuple[Study, ...] = ()
    headlines: tuple[Headline, ...] = ()


class Rounds(Record, frozen=True, kw_only=True):
    """How much of an experiment is made."""

    cold: int
    warm: int
    settings: dict[str, ParameterValue] = {}


class Experiment(Record, frozen=True, kw_only=True):
    """One run that judges rows: of several that have a cell, the first is taken.

    Attributes:
        quick: what is made of it in five minutes; None: nothing.
    """

    name: str
    workload: str
    variants: tuple[str, ...]
    cases: tuple[str, ...]
    memory_mb: tuple[int, ...]
    full: Rounds
    quick: Rounds | None = None

    def has(self, cell: Cell) -> bool:
        """Whether the cell is measured in it."""
        workload, variant, case, memory_mb = cell
        return (
            workload == self.workload
            and variant in self.variants
            and case in self.cases
            and memory_mb in self.memory_mb
        )


class FidelityError(Record, frozen=True, kw_only=True):
    """How far our figures are from AWS's, as stated.

    Attributes:
        log_error: of a figure's logarithm: 0.1 is about 10 %.
        stated: where.
    """

    source: str
    tolerance: Tolerance
    log_error: float
    stated: str
