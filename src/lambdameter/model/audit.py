"""A published table, and the findings of an audit."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from lambdameter.model.base import Architecture, Call, Record

Dimension = Literal["time", "size", "money", "ratio", "price", "count"]
Statistic = Literal["", "mean", "median", "min", "max", "p90", "p95", "p99"]
Period = Literal["", "day", "month", "year"]
Severity = Literal["cannot be so", "inconsistent", "left out", "too few samples"]
SEVERITIES: tuple[Severity, ...] = ("cannot be so", "inconsistent", "left out", "too few samples")


class Figure(Record, frozen=True, kw_only=True):
    """One row of a published table: docs/audit.md says what each column means.

    Attributes:
        line: line in the file, from 1.
        dimension: kind of the metric.
        value: in the dimension's base unit (ms, bytes, US dollars, plain ratio; prices in dollars
            per GB-second).
        low, high: the values that are rounded to `value` in print, or the stated range.
        printed: the figure as printed in the table, with its unit.
        spread: standard deviation in the base unit.
        uses: requests of one call to other services, by name in the price list.
        covers: "" (the cost is meant to be whole), or "compute" (the text says that it is not).
        formula: the formula that the figure follows from, in ids of other rows.
        derived: whether the value comes from the formula instead of the table.
    """

    line: int
    id: str
    metric: str
    dimension: Dimension
    value: Decimal
    low: Decimal
    high: Decimal
    printed: str
    system: str = "lambda"
    variant: str = ""
    case: str = ""
    call: Call | Literal[""] = ""
    run: str = ""
    work: str = ""
    part: str = ""
    statistic: Statistic = ""
    n: int | None = None
    spread: Decimal | None = None
    memory_mb: int | None = None
    architecture: Architecture | Literal[""] = ""
    region: str = ""
    records: int | None = None
    bytes: int | None = None
    billed_ms: Decimal | None = None
    runs: Decimal | None = None
    period: Period = ""
    uses: dict[str, Decimal] = {}
    covers: Literal["", "compute"] = ""
    formula: str = ""
    derived: bool = False
    note: str = ""


class PublishedTable(Record, frozen=True, kw_only=True):
    """A published table.

    Attributes:
        place: the file, as the user typed it.
        source: title of the text with the table; "" where the table does not name it.
    """

    place: str
    source: str
    figures: tuple[Figure, ...]


class Finding(Record, frozen=True, kw_only=True):
    """One error in a table.

    Attributes:
        lines: lines of the wrong rows.
        rests_on_it: lines of the rows that follow from these.
        stated, right: what the table says, and what it should say (or what is missing).
        why: the rule, and why it matters.
    """

    rule: str
    severity: Severity
    lines: tuple[int, ...]
    rests_on_it: tuple[int, ...] = ()
    stated: str
    right: str
    why: str


class Audit(Record, frozen=True, kw_only=True):
    """The findings, the worst first, and the rows that could not be checked."""

    table: PublishedTable
    prices_as_of: str
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
