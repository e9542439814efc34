"""A published table, and what an audit finds in it."""

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
        line: where it stands in the file, from 1.
        dimension: what kind of metric it is.
        value: in the dimension's base unit (ms, bytes, US dollars, plain ratio; a price in dollars
            a GB-second).
        low, high: what `value` may have been before it was rounded for print, or the range given.
        shown: the figure as it stands in the table, with its unit.
        spread: standard deviation in the base unit.
        uses: what one call asks of other services, by name in the price list.
        covers: "" (the cost is meant to be whole), or "compute": the text says that it is not.
        formula: what the figure is said to follow from, in ids of other rows.
        derived: the table does not state it: it is what the formula gives.
    """

    line: int
    id: str
    metric: str
    dimension: Dimension
    value: Decimal
    low: Decimal
    high: Decimal
    shown: str
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
    """Somebody's table, as it was read.

    Attributes:
        place: the file, as the user typed it.
        source: the title of the text that it is from; "" where the table does not say.
    """

    place: str
    source: str
    figures: tuple[Figure, ...]


class Finding(Record, frozen=True, kw_only=True):
    """One fault of a table.

    Attributes:
        lines: the rows that it is in.
        rests_on_it: the rows that are said to follow from these.
        stated, right: what the table says, and what it would have to say (or what is missing).
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
    """Everything that was found, the worst first, and what could not be looked at."""

    table: PublishedTable
    prices_as_of: str
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
