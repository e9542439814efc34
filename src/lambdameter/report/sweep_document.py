"""A sweep as JSON; docs/json.md describes the document."""

from __future__ import annotations

from lambdameter.analysis import latency_curves
from lambdameter.analysis.latency_curves import Curve
from lambdameter.analysis.run import LatencySweep
from lambdameter.model.base import Record
from lambdameter.report import json_document, json_text
from lambdameter.report.json_document import Document


class AtLatency(Record, frozen=True, kw_only=True):
    """The document of the run at one service latency."""

    latency_ms: float
    document: Document


class SweepDocument(Record, frozen=True, kw_only=True):
    """A sweep; units as in `Document`."""

    schema: int
    sweep: str
    folder: str
    created_at: str
    workload: str
    decisions: tuple[str, ...]
    curves: tuple[Curve, ...]
    runs: tuple[AtLatency, ...]
    notes: tuple[str, ...]


def encode(sweep: LatencySweep) -> str:
    """The document as JSON text."""
    return json_text.encode(document(sweep))


def document(sweep: LatencySweep) -> SweepDocument:
    """The record behind the document."""
    first = sweep.runs[0]
    return SweepDocument(
        schema=json_document.SCHEMA,
        sweep=sweep.record.run,
        folder=sweep.folder,
        created_at=sweep.record.created_at,
        workload=sweep.record.workload,
        decisions=latency_curves.sentences(sweep),
        curves=tuple(
            curve
            for memory_mb in first.memory_sizes
            for curve in latency_curves.curves(sweep, memory_mb)
        ),
        runs=tuple(
            AtLatency(latency_ms=latency_ms, document=json_document.document(run))
            for latency_ms, run in sweep.at_each
        ),
        notes=tuple(latency_curves.caveats(sweep)),
    )


def schema() -> str:
    """JSON Schema of the document; sweep-schema-1.json is a copy."""
    return json_text.schema(SweepDocument)
