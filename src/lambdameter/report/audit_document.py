"""An audit as JSON; docs/audit.md describes the document."""

from __future__ import annotations

from lambdameter.model.audit import SEVERITIES, Audit, Finding, Severity
from lambdameter.model.base import Record
from lambdameter.report import json_text

SCHEMA = 1


class Document(Record, frozen=True, kw_only=True):
    """The result of an audit, the worst findings first.

    Attributes:
        table: the audited file, as the user named it.
        source: title of the audited text; "" where the table does not name it.
        figures: number of figures in the table.
        counts: number of findings of each severity, also where it is 0.
        not_checked: rows that could not be checked, and why.
    """

    schema: int
    table: str
    source: str
    figures: int
    prices_as_of: str
    counts: dict[Severity, int]
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]


def document(audit: Audit) -> Document:
    """The record behind the document."""
    return Document(
        schema=SCHEMA,
        table=audit.table.place,
        source=audit.table.source,
        figures=len(audit.table.figures),
        prices_as_of=audit.prices_as_of,
        counts={
            severity: sum(finding.severity == severity for finding in audit.findings)
            for severity in SEVERITIES
        },
        findings=audit.findings,
        not_checked=audit.not_checked,
    )


def encode(audit: Audit) -> str:
    """The document as JSON text."""
    return json_text.encode(document(audit))


def schema() -> str:
    """JSON Schema of the document; audit-schema-1.json is a copy."""
    return json_text.schema(Document)
