"""Judged claims as the document that `--json` prints; docs/reproduce.md describes it."""

from __future__ import annotations

import msgspec

from lambdameter.model.base import Record
from lambdameter.model.reproduction import ROW_VERDICTS, Reproduction, RowVerdict
from lambdameter.report.reproduction_words import summary

SCHEMA = 1


class Document(Record, frozen=True, kw_only=True):
    """Everything; `counts` has every verdict, those of no row included."""

    schema: int
    decision: str
    counts: dict[RowVerdict, int]
    reproduction: Reproduction


def document(reproduction: Reproduction) -> Document:
    """The record behind the document."""
    counts = {
        verdict: sum(row.verdict == verdict for row in reproduction.rows)
        for verdict in ROW_VERDICTS
    }
    return Document(
        schema=SCHEMA, decision=summary(reproduction), counts=counts, reproduction=reproduction
    )


def encode(reproduction: Reproduction) -> str:
    """The document as text, indented, with a final newline."""
    return (
        msgspec.json.format(msgspec.json.encode(document(reproduction)), indent=2).decode() + "\n"
    )


def schema() -> str:
    """The document's JSON Schema, made from the records; reproduction-schema-1.json is its copy."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Document))).decode() + "\n"
