from __future__ import annotations

from types import ModuleType

import msgspec

from lambdameter.model.summary import CallSummary


def test_published_figures_are_those_of_this_very_cell(sample_run: ModuleType) -> None:
    run = sample_run.report_input(sample_run.manifest((128, 1024)))
    (here,) = [one for one in run.cells(1024, "csv") if one.variant == "rust"]
    (elsewhere,) = [one for one in run.cells(128, "csv") if one.variant == "rust"]
    assert run.published(here)["warm", "total_ms"].value == 14_740
    assert run.published(elsewhere) == {}


def test_another_workload_has_none_of_them(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    workload = msgspec.structs.replace(run.manifest.workload, name="mine")
    other = msgspec.structs.replace(
        run, manifest=msgspec.structs.replace(run.manifest, workload=workload)
    )
    assert all(other.published(cell) == {} for cell in other.summary.cells)


def test_a_case_without_a_verdict_is_not_equal(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    bare = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, equality=()))
    assert run.is_equal("csv")
    assert not bare.is_equal("csv")


def test_a_call_died_only_if_it_was_tried_and_never_answered() -> None:
    assert CallSummary(n=2, errors=2).died
    assert not CallSummary(n=2, errors=1).died
    assert not CallSummary(n=0, errors=0).died
