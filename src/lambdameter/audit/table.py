"""A published table as CSV -> PublishedTable; docs/audit.md describes the format.

Each row is a figure. A row without metric, value and formula states conditions: its cells fill the
empty cells of the rows below it, up to the next such row. "-" keeps a cell empty. Lines that begin
with # are comments.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from lambdameter.audit import formula, printed
from lambdameter.audit.derived import resolve
from lambdameter.audit.fault import Fault, refuse
from lambdameter.model.audit import Figure, Period, PublishedTable, Statistic
from lambdameter.model.base import Architecture, Call, Record

_KEPT_EMPTY = "-"
_COMMENT = "#"
_MB = Decimal(1_048_576)
_MB_PER_GB = 1024
_MS_PER_S = 1000

Count = Annotated[int, msgspec.Meta(gt=0)]


class Row(Record, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The columns in documented order, with the converted cells of a row."""

    id: str = ""
    source: str = ""
    system: str = "lambda"
    variant: str = ""
    case: str = ""
    call: Call | Literal[""] = ""
    run: str = ""
    work: str = ""
    metric: str = ""
    part: str = ""
    statistic: Statistic = ""
    value: str = ""
    unit: str | None = None
    from_: str = ""
    n: Count | None = None
    spread: Decimal | None = None
    memory_mb: Count | None = None
    architecture: Architecture | Literal[""] = ""
    region: str = ""
    records: Count | None = None
    bytes: Count | None = None
    billed_ms: Decimal | None = None
    runs: Decimal | None = None
    period: Period = ""
    uses: str = ""
    covers: Literal["", "compute"] = ""
    note: str = ""


COLUMNS = tuple(field.encode_name for field in msgspec.structs.fields(Row))
_WHOLE, _NUMBER = "a whole number of at least 1, without a unit", "a number without a unit"
_NUMBERS = {
    **dict.fromkeys(("n", "memory_mb", "records", "bytes"), _WHOLE),
    **dict.fromkeys(("spread", "billed_ms", "runs"), _NUMBER),
}
# The allowed values of cells, for error messages.
_FITS = _NUMBERS | {
    "call": "cold or warm",
    "statistic": "mean, median, min, max, p90, p95 or p99",
    "architecture": "arm64 or x86_64",
    "period": "day, month or year",
    "covers": "compute",
}
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
# Columns that conditions cannot fill.
_OWN = ("id", "metric", "value", "from")
# Columns that make a row a figure.
_FIGURE = ("metric", "value", "from")


def read(document: bytes, place: str, services: Collection[str]) -> PublishedTable:
    """Read and check a table.

    Args:
        document: the file's content, UTF-8.
        place: what the file is called in messages.
        services: the allowed names in the column `uses`: those of the price list.

    Raises:
        BadInputError: the first error with its line and column; the others are notes.
    """
    faults: list[Fault] = []
    figures: list[Figure] = []
    source = ""
    for line, own, cells in _rows(_text(document, place), place, faults):
        try:
            row = _convert(line, cells)
            source = source or row.source
            if row.metric or row.value or row.from_:
                figures.append(_figure(line, row, services))
        except Fault as fault:
            # Errors in cells from conditions were reported with the first row.
            reported = {(earlier.column, earlier.cause) for earlier in faults}
            if (fault.column, fault.cause) not in reported or fault.column in own:
                faults.append(fault)
    if faults:
        refuse(place, faults)
    return PublishedTable(place=place, source=source, figures=_resolved(figures, place))


def _resolved(figures: list[Figure], place: str) -> tuple[Figure, ...]:
    if not figures:
        fault = Fault(
            1, "", "The table has no figures", "Write at least one row with a metric and a value."
        )
        refuse(place, [fault])
    try:
        return resolve(figures)
    except Fault as fault:
        refuse(place, [fault])


def _text(document: bytes, place: str) -> str:
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document[: error.start].count(b"\n") + 1
        refuse(
            place,
            [Fault(line, "", "The table is not UTF-8 text", "Save the table as CSV in UTF-8.")],
        )


def _rows(
    text: str, place: str, faults: list[Fault]
) -> Iterator[tuple[int, dict[str, str], dict[str, str]]]:
    """Every row: its line, its own cells, and all cells with those of the conditions above."""
    head: tuple[str, ...] = ()
    conditions: dict[str, str] = {}
    for line, content in enumerate(text.splitlines(), 1):
        if not content.strip(" \t,;") or content.lstrip().startswith(_COMMENT):
            continue
        try:
            cells = _cells(line, content)
            if not head:
                head = _head(line, cells)
                continue
            own = _named(line, head, cells)
        except Fault as fault:
            if not head:
                refuse(place, [fault])
            faults.append(fault)
            continue
        if not any(own.get(name, _KEPT_EMPTY) != _KEPT_EMPTY for name in _FIGURE):
            conditions = own
        merged = {name: cell for name, cell in conditions.items() if name not in _OWN} | own
        yield line, own, {name: cell for name, cell in merged.items() if cell != _KEPT_EMPTY}
    if not head:
        columns = "metric,value,unit,variant,memory_mb"
        refuse(
            place,
            [Fault(1, "", "The table is empty", f"Begin with a header row, such as {columns}")],
        )


def _cells(line: int, content: str) -> list[str]:
    try:
        return [
            cell.strip() for cell in next(csv.reader([content], strict=True, skipinitialspace=True))
        ]
    except csv.Error as error:
        raise Fault(
            line,
            "",
            f"The table is not valid CSV: {error}",
            'Close every quote on the line where it opens, and write a quote inside a text as "".',
        ) from None


def _head(line: int, names: list[str]) -> tuple[str, ...]:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise Fault(
            line,
            "",
            "The columns are not separated by commas",
            "Save the table as CSV with commas.",
        )
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            columns = ", ".join(COLUMNS)
            raise Fault(
                line, name, "There is no column of this name", f"{hint}The columns are: {columns}."
            )
        if names.count(name) > 1:
            raise Fault(line, name, "The column appears twice", "Remove one of the two.")
    for name in ("metric", "value"):
        if name not in names:
            raise Fault(line, name, "The column is missing", f"Add {name} to the header row.")
    return tuple(names)


def _named(line: int, head: tuple[str, ...], cells: list[str]) -> dict[str, str]:
    if any(cells[len(head) :]):
        cause = f"The row has {len(cells)} cells, and the header row has {len(head)}"
        raise Fault(line, "", cause, 'Put a cell that contains a comma in quotes: "a, b".')
    return {name: cell for name, cell in zip(head, cells, strict=False) if cell}


def _convert(line: int, cells: Mapping[str, str]) -> Row:
    typed = {
        name: _THOUSANDS.sub("", cell) if name in _NUMBERS else cell for name, cell in cells.items()
    }
    try:
        row = msgspec.convert(typed, Row, strict=False)
    except msgspec.ValidationError as error:
        column = str(error).rpartition("$.")[2].rstrip("`")
        cause = f"{cells[column]!r} is not a valid value"
        raise Fault(
            line, column, cause, f"Write {_FITS[column]}, or leave the cell empty."
        ) from None
    if row.id and not formula.is_name(row.id):
        cause = f"{row.id!r} is not an id that a formula can use"
        raise Fault(line, "id", cause, "Use letters, digits and _, separated by dots: K1.total.")
    for column in ("spread", "billed_ms", "runs"):
        amount = getattr(row, column)
        if amount is not None and not (amount.is_finite() and amount >= 0):
            raise Fault(line, column, f"{amount} is not an amount", "Write a number of at least 0.")
    return row


def _figure(line: int, row: Row, services: Collection[str]) -> Figure:
    dimension = printed.METRICS.get(row.metric)
    if dimension is None:
        metrics = ", ".join(printed.METRICS)
        cause = (
            f"There is no metric named {row.metric!r}" if row.metric else "The metric is missing"
        )
        raise Fault(line, "metric", cause, f"Write one of: {metrics}.")
    if not row.value and not row.from_:
        step = "Write the value, or write in the column `from` which rows it follows from."
        raise Fault(line, "value", "The value is missing", step)
    if row.metric == "part" and not row.part:
        raise Fault(
            line, "part", "The part is missing", "Name the part that was measured, such as parse."
        )
    figure, unit, scale = _printed(line, row)
    return Figure(
        line=line,
        dimension=dimension,
        value=figure.value * scale,
        low=figure.low * scale,
        high=figure.high * scale,
        printed=_as_printed(row.value, unit),
        spread=None if row.spread is None else row.spread * scale,
        uses=_uses(line, row.uses, services),
        formula=row.from_,
        derived=not row.value,
        **{
            name: getattr(row, name)
            for name in Row.__struct_fields__
            if name not in {"source", "value", "unit", "from_", "spread", "uses"}
        },
    )


def _printed(line: int, row: Row) -> tuple[printed.Printed, str, Decimal]:
    """The printed figure, its unit, and the size of the unit in the base unit."""
    units = printed.UNITS[printed.METRICS[row.metric]]
    unit = row.unit if row.unit is not None else next(iter(units))
    if unit not in units:
        unit_names = ", ".join(filter(None, units)) or "none"
        raise Fault(
            line, "unit", f"{unit!r} is not a unit of {row.metric}", f"Write one of: {unit_names}."
        )
    scale = units[unit]
    if row.metric == "max_memory" and unit == "MB":
        scale = _MB
    if unit == "USD/ms":
        if row.memory_mb is None:
            cause = "A price per millisecond holds for only one memory size"
            raise Fault(line, "memory_mb", cause, "Write the memory size of this price.")
        scale = Decimal(_MS_PER_S * _MB_PER_GB) / row.memory_mb
    if not row.value:
        return printed.Printed(Decimal(0), Decimal(0), Decimal(0)), unit, scale
    try:
        return printed.read(row.value), unit, scale
    except ValueError:
        raise Fault(
            line,
            "value",
            f"{row.value!r} is not a figure",
            "Write a value such as 14740, 0.21, ~300 or 50..80, and its unit in the column unit.",
        ) from None


def _as_printed(value: str, unit: str) -> str:
    if unit.startswith("USD"):
        digits = value.lstrip("~≈ ").removeprefix("$")
        return f"{value[: -len(digits)].rstrip('$ ')}${digits}{unit.removeprefix('USD')}"
    return f"{value}{unit}" if unit == "x" else f"{value} {unit}".rstrip()


def _uses(line: int, text: str, services: Collection[str]) -> dict[str, Decimal]:
    """`dynamodb.WriteRequestUnit=50000; s3.GetObject=1`."""
    used = {}
    for item in filter(None, (part.strip() for part in text.split(";"))):
        name, _, amount = (part.strip() for part in item.partition("="))
        if name not in services:
            names = ", ".join(sorted(services))
            raise Fault(line, "uses", f"There is no price for {name!r}", f"Name one of: {names}.")
        try:
            used[name] = printed.read(amount).value
        except ValueError:
            cause = f"{amount!r} is not a number of {name}"
            raise Fault(line, "uses", cause, f"Write {name}=1, for example.") from None
    return used
