from __future__ import annotations

import json
from importlib import resources
from types import ModuleType

import msgspec

from lambdameter.analysis import latency_curves
from lambdameter.report import json_document, sweep_document


def test_the_shipped_schema_is_the_records() -> None:
    shipped = resources.files("lambdameter.report") / "sweep-schema-1.json"
    remake = (
        "print(sweep_document.schema(), end='') of lambdameter.report.sweep_document makes it anew"
    )
    assert shipped.read_text() == sweep_document.schema(), remake


def test_the_document_has_each_run_whole_and_reads_back(sample_run: ModuleType) -> None:
    runs = [sample_run.rounds_input(10, slowdown) for slowdown in (0.8, 1.2)]
    told = sample_run.sweep_input(*runs)
    text = sweep_document.encode(told)
    read = msgspec.json.decode(text, type=sweep_document.SweepDocument)
    assert read == sweep_document.document(told)
    assert [one.document for one in read.runs] == [json_document.document(one) for one in told.runs]
    assert read.decisions == latency_curves.sentences(told)


def test_the_keys_are_the_documented_ones(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(2)
    document = json.loads(sweep_document.encode(sample_run.sweep_input(run, run)))
    assert list(document) == [
        "schema",
        "sweep",
        "folder",
        "created_at",
        "workload",
        "decisions",
        "curves",
        "runs",
        "notes",
    ]
