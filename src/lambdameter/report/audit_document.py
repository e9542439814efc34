"""An audit as the document that `lambdameter audit --json` prints; docs/audit.md describes it."""

from __future__ import annotations

import msgspec

from lambdameter.model.audit import SEVERITIES, Audit, Finding, Severity
from lambdameter.model.base import Record

SCHEMA = 1


class Document(Record, frozen=True, kw_only=True):
    """Everything that was found, the worst first.

    Attributes:
        table: the file, as it was named.
        source: the title of the audited text; "" where the table does not say.
        figures: how many were read.
        counts: findings of each severity, those without any included.
        not_checked: rows that could not be looked at, and why.
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
    """The document as text, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(document(audit)), indent=2).decode() + "\n"


def schema() -> str:
    """The document's JSON Schema, made from the records; audit-schema-1.json is its copy."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Document))).decode() + "\n"
