"""Published figures, and the experiments that judge them."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Call, ParameterValue, Record

Operation = Literal["value", "ratio", "saving", "difference"]
Tolerance = Literal["time", "memory", "size", "exact"]
# Workload, variant, case, memory in MB.
Cell = tuple[str, str, str, int]


class PublishedFigure(Record, frozen=True, kw_only=True):
    """One published figure, to be printed beside ours.

    Attributes:
        call: the call of the figure; "cold" is the first call of an environment, with INIT.
        metric: name of a phase, a field of CallSummary ("duration_ms", "mean_ms"), or another
            metric that no report has ("zip_bytes").
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
    """A metric of one cell and call; analysis/quantities.py lists the metrics."""

    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call = "warm"
    metric: str

    @property
    def cell(self) -> Cell:
        """Workload, variant, case and memory size."""
        return self.workload, self.variant, self.case, self.memory_mb


class Documented(Record, frozen=True, kw_only=True):
    """A figure from AWS's documentation, with its URL."""

    value: float
    source: str


class ClaimRow(Record, frozen=True, kw_only=True):
    """One published statement, and what it is compared with.

    The statement is a value, a range or, where the text has only words, a side: which of two is
    less. It is compared with a measurement (`of`, `over`), with an audit of the text's table
    (`table`), or with AWS's documentation.

    Attributes:
        id: begins with the claim's id.
        unit: "ms", "USD", "MB", "B", "%", "x" or another counted thing.
        side: "below": the text says that `of` is less than `over`; "above": more.
        says: the text's own words, or its explanation.
        operation: "value": the sum of `of`; "ratio": `of` / `over`; "saving": 1 - `of` / `over`;
            "difference": `of` - `over`.
        of, over: the quantities that are added up in each round.
        table: ids of the rows in the text's table that the statement follows from.
        scale: factor from our unit to the published unit.
        tolerance: kind of figure; claims/tolerances.toml states its error.
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
    """Our own figures of several variants, for a question that a text raises.

    Attributes:
        cold, warm: metric -> head of its column, with the unit.
        says: how to read the table, and what the table cannot show.
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
    """A published saving, to be compared with the whole bill, line by line.

    Attributes:
        of, over: the two variants; savings are shares of the bill of `over`.
        calls: number of calls on the bill.
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
        count: units of work in the call of each figure; the figures stand only beside calls of the
            same size. None: the workload has only one size.
        waiting: names of the phases that wait for a service.
        rows: further statements; each of `figures` is a statement, too.
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
    """How often the cells of an experiment are measured."""

    cold: int
    warm: int
    settings: dict[str, ParameterValue] = {}


class Experiment(Record, frozen=True, kw_only=True):
    """One run that judges rows; the first experiment with a cell is the one that measures it.

    Attributes:
        quick: the numbers for a run of five minutes; None: omitted from such a run.
    """

    name: str
    workload: str
    variants: tuple[str, ...]
    cases: tuple[str, ...]
    memory_mb: tuple[int, ...]
    full: Rounds
    quick: Rounds | None = None

    def has(self, cell: Cell) -> bool:
        """Whether the experiment measures a cell."""
        workload, variant, case, memory_mb = cell
        return (
            workload == self.workload
            and variant in self.variants
            and case in self.cases
            and memory_mb in self.memory_mb
        )


class FidelityError(Record, frozen=True, kw_only=True):
    """The stated error of our figures compared with AWS's.

    Attributes:
        log_error: error of a figure's logarithm: 0.1 is about 10 %.
        stated: where the error is stated.
    """

    source: str
    tolerance: Tolerance
    log_error: float
    stated: str
