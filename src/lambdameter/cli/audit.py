"""`lambdameter audit`: check a published table without running code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.audit import rules, table
from lambdameter.claims import library
from lambdameter.cost import price_list
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.model.audit import Audit, PublishedTable
from lambdameter.model.bill import PriceList
from lambdameter.report import audit as audit_report
from lambdameter.report import audit_document, terminal


def audit(
    published: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="Table to check: a CSV file (docs/audit.md), or the name of a shipped "
            "one: K, C1, C2 or W.",
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Output as JSON (docs/audit.md).")] = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """Check the figures of a published table: arithmetic, prices, physics, whole bill, noise."""
    prices = price_list.latest()
    result = rules.audit(read(published, prices), prices)
    if json:
        sys.stdout.write(audit_document.encode(result))
    else:
        terminal.console(sys.stdout).print(audit_report.report(result))
    code = exit_code(result)
    if code:
        raise typer.Exit(code)


def read(name_or_file: str, prices: PriceList) -> PublishedTable:
    """A shipped table, or a file. Raises BadInputError."""
    services = {
        name
        for region in prices.regions.values()
        for name in region
        if not name.startswith("lambda.")
    }
    shipped = library.tables()
    if name_or_file in shipped:
        return table.read(shipped[name_or_file], f"{name_or_file}.csv", services)
    try:
        content = Path(name_or_file).read_bytes()
    except OSError as error:
        raise BadInputError(
            f"The table cannot be read: {error.strerror}",
            place=name_or_file,
            next_step=f"Give a CSV file, or the name of a shipped table: {', '.join(shipped)}.",
        ) from error
    return table.read(content, name_or_file, services)


def of_shipped(names: Sequence[str]) -> dict[str, Audit]:
    """The audits of the texts with a table."""
    prices = price_list.latest()
    return {
        name: rules.audit(read(name, prices), prices) for name in names if name in library.tables()
    }


def exit_code(result: Audit) -> int:
    """1 for wrong figures, 5 if there are only too few samples, otherwise 0."""
    severities = {finding.severity for finding in result.findings}
    if severities - {"too few samples"}:
        return NegativeVerdictError.exit_code
    return CannotTellError.exit_code if severities else 0
