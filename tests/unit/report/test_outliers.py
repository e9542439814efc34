from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis.run import Run
from lambdameter.report import json_document, markdown
from lambdameter.report.outliers import table

FAR_MS = 90_000.0


def stalled(sample_run: ModuleType) -> Run:
    """Twenty rounds; one warm call of Rust on CSV stood still."""
    run = sample_run.rounds_input(20)
    one = next(
        sample
        for sample in run.samples
        if (sample.trial.variant, sample.trial.case, sample.trial.call) == ("rust", "csv", "warm")
    )
    report = msgspec.structs.replace(one.report, duration_ms=FAR_MS, billed_ms=int(FAR_MS))
    far = msgspec.structs.replace(one, report=report)
    samples = [far if sample is one else sample for sample in run.samples]
    made: Run = sample_run.report_input(run.manifest, samples)
    return made


def test_a_run_without_a_far_call_has_no_section(sample_run: ModuleType, shown: Any) -> None:
    run = sample_run.report_input()
    assert table(run, 1024, {}) is None
    assert "Outliers" not in shown.plain(run)
    assert "Outliers" not in markdown.run(run)


def test_a_far_call_is_in_the_figures_and_told_with_and_without_it(
    sample_run: ModuleType, shown: Any
) -> None:
    run = stalled(sample_run)
    (cell,) = [one for one in run.summary.cells if (one.variant, one.case) == ("rust", "csv")]
    assert cell.warm is not None
    assert cell.warm.most_ms == FAR_MS
    (found,) = [
        one
        for one in run.summary.flagged
        if (one.variant, one.case, one.call) == ("rust", "csv", "warm")
    ]
    assert found.mean_without_ms is not None
    assert found.mean_without_ms < found.mean_ms == pytest.approx(cell.warm.mean_ms)
    for text in (shown.plain(run), markdown.run(run)):
        told = text.partition("Outliers at 1,024 MB")[2]
        assert "but included in every figure" in told
        row = next(line for line in told.splitlines() if line.startswith("CSV  Rust warm"))
        assert row.split()[-4:] == [
            f"{ms:,.0f}"
            for ms in (
                found.median_ms,
                found.median_without_ms,
                found.mean_ms,
                found.mean_without_ms,
            )
        ]


def test_a_program_learns_which_trials_they_are(sample_run: ModuleType) -> None:
    run = stalled(sample_run)
    (far,) = [
        one.trial.index
        for one in run.samples
        if one.report is not None and one.report.duration_ms == FAR_MS
    ]
    document = json.loads(json_document.encode(run))
    flagged = [one for one in document["outliers"] if far in one["tukey"] and far in one["mad"]]
    assert [(one["variant"], one["case"], one["call"]) for one in flagged] == [
        ("rust", "csv", "warm")
    ]


def test_no_time_is_told_of_a_case_that_is_not_equal(sample_run: ModuleType) -> None:
    run = stalled(sample_run)
    samples = [
        sample_run.planted_difference(one) if one.trial.case == "csv" else one
        for one in run.samples
    ]
    unequal = sample_run.report_input(run.manifest, samples)
    assert "csv" not in {one.case for one in unequal.summary.flagged}
