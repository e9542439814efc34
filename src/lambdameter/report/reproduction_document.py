"""Judged claims as JSON; docs/reproduce.md describes the document."""

from __future__ import annotations

from lambdameter.model.base import Record
from lambdameter.model.reproduction import ROW_VERDICTS, Reproduction, RowVerdict
from lambdameter.report import json_text
from lambdameter.report.reproduction_words import summary

SCHEMA = 1


class Document(Record, frozen=True, kw_only=True):
    """Judged claims; `counts` has every verdict, also where no row has it."""

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
    """The document as JSON text."""
    return json_text.encode(document(reproduction))


def schema() -> str:
    """JSON Schema of the document; reproduction-schema-1.json is a copy."""
    return json_text.schema(Document)
