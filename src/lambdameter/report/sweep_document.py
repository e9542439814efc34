"""A sweep as the document that `--json` prints; docs/json.md describes it for its readers."""

from __future__ import annotations

import msgspec

from lambdameter.analysis import find, latency_curves
from lambdameter.analysis.latency_curves import Curve
from lambdameter.model.base import Record
from lambdameter.model.sweep import SweepInput
from lambdameter.report import json_document
from lambdameter.report.json_document import Document


class AtLatency(Record, frozen=True, kw_only=True):
    """The whole document of the run at one latency."""

    latency_ms: float
    document: Document


class SweepDocument(Record, frozen=True, kw_only=True):
    """Everything. Units as in `Document`."""

    schema: int
    sweep: str
    folder: str
    created_at: str
    workload: str
    decisions: tuple[str, ...]
    curves: tuple[Curve, ...]
    runs: tuple[AtLatency, ...]
    notes: tuple[str, ...]


def encode(sweep: SweepInput) -> str:
    """The document as text, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(document(sweep)), indent=2).decode() + "\n"


def document(sweep: SweepInput) -> SweepDocument:
    """The record behind the document."""
    first = sweep.runs[0]
    return SweepDocument(
        schema=json_document.SCHEMA,
        sweep=sweep.sweep.run,
        folder=sweep.folder,
        created_at=sweep.sweep.created_at,
        workload=sweep.sweep.workload,
        decisions=latency_curves.sentences(sweep),
        curves=tuple(
            curve
            for memory_mb in find.tiers(first)
            for curve in latency_curves.curves(sweep, memory_mb)
        ),
        runs=tuple(
            AtLatency(latency_ms=swept.latency_ms, document=json_document.document(run))
            for swept, run in zip(sweep.sweep.runs, sweep.runs, strict=True)
        ),
        notes=tuple(latency_curves.beside(sweep)),
    )


def schema() -> str:
    """The document's JSON Schema, made from the records; sweep-schema-1.json is its copy."""
    document_schema = msgspec.json.schema(SweepDocument)
    return msgspec.json.format(msgspec.json.encode(document_schema)).decode() + "\n"
