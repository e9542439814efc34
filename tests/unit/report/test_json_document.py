from __future__ import annotations

import json
from importlib import resources
from types import ModuleType

import msgspec

from lambdameter.report import json_document


def test_the_shipped_schema_is_the_records() -> None:
    shipped = resources.files("lambdameter.report") / "schema-1.json"
    remake = (
        "print(json_document.schema(), end='') of lambdameter.report.json_document makes it anew"
    )
    assert shipped.read_text() == json_document.schema(), remake


def test_the_document_reads_back_as_what_it_was(sample_run: ModuleType) -> None:
    run = sample_run.report_input(sample_run.manifest((128, 1024)))
    text = json_document.encode(run)
    read = msgspec.json.decode(text, type=json_document.Document)
    assert read == json_document.document(run)


def test_figures_are_numbers_and_money_is_decimal_strings(sample_run: ModuleType) -> None:
    document = json.loads(json_document.encode(sample_run.report_input()))
    assert document["results"][0]["total_ms"] == 20_799
    assert isinstance(document["bill"]["cells"][0]["run_usd"], str)


def test_the_keys_are_the_documented_ones(sample_run: ModuleType) -> None:
    document = json.loads(json_document.encode(sample_run.report_input()))
    assert document["schema"] == 1
    assert list(document) == [
        "schema",
        "run",
        "target",
        "enforcement",
        "decisions",
        "equality",
        "results",
        "comparisons",
        "outliers",
        "stopping_rule",
        "stopping",
        "bill",
        "notes",
    ]


def test_a_cell_that_died_is_a_result_with_its_error(sample_run: ModuleType) -> None:
    document = json_document.document(sample_run.report_input(sample_run.manifest((128,))))
    (dead,) = [result for result in document.results if result.error is not None]
    assert dead.error is not None
    assert (dead.variant, dead.case, dead.error.type) == ("python", "json", "Runtime.OutOfMemory")
    assert dead.total_ms is None


def test_an_unequal_case_has_its_differences_and_no_figure(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[3] = sample_run.planted_difference(samples[3])
    document = json_document.document(sample_run.report_input(manifest, samples))
    assert not document.equality.equal
    (difference,) = document.equality.cases[0].differing
    assert (difference.variant, difference.proof.differing) == ("rust", 1)
    assert all(result.total_ms is None for result in document.results if result.case == "csv")


def test_the_shipped_schema_of_a_comparison_is_its_records() -> None:
    shipped = resources.files("lambdameter.report") / "comparison-schema-1.json"
    assert shipped.read_text() == json_document.gate_schema(), (
        "print(json_document.gate_schema(), end='') makes it anew"
    )
