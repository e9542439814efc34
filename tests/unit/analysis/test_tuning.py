from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from lambdameter.analysis.run import Run
from lambdameter.analysis.tuning import Advice, advise
from lambdameter.model.summary import CellSummary
from lambdameter.report.style import WIDTH, prose

TIER = 1024


def with_tuned(run: Run, times: dict[str, tuple[float, float]], language: str = "python") -> Run:
    """The run with a third variant; variant -> seconds on CSV and JSON, 0: it died."""
    workload = run.manifest.workload
    third = msgspec.structs.replace(
        workload.variants[0], name="tuned", title="Tuned", language=language
    )
    variants = tuple(one for one in (*workload.variants, third) if one.name in times)
    cells = [
        timed(cell, variant.name, times[variant.name][case])
        for case, name in enumerate(run.cases)
        for variant in variants
        for cell in run.cells(TIER, name)[:1]
    ]
    manifest = msgspec.structs.replace(
        run.manifest, workload=msgspec.structs.replace(workload, variants=variants)
    )
    summary = msgspec.structs.replace(run.summary, cells=tuple(cells))
    return msgspec.structs.replace(run, manifest=manifest, summary=summary)


def timed(cell: CellSummary, variant: str, seconds: float) -> CellSummary:
    total_ms = seconds * 1_000 if seconds else None
    assert cell.warm is not None
    warm = msgspec.structs.replace(cell.warm, total_ms=total_ms, duration_ms=total_ms)
    return msgspec.structs.replace(cell, variant=variant, warm=warm)


@pytest.mark.parametrize(
    ("python", "tuned", "rust", "gain"),
    [
        ((20, 20), (6, 6), (12, 12), "most"),  # faster than the rewrite
        ((20, 20), (16, 16), (12, 12), "most"),  # half of the gain
        ((20, 20), (16.1, 16.1), (12, 12), "some"),
        ((20, 20), (6, 16.1), (12, 12), "some"),  # in every case, not in one
        ((20, 20), (17, 17), (12, 12), "little"),  # within what runs differ by
        ((20, 20), (21, 21), (12, 12), "little"),
        ((20, 20), (10, 10), (25, 25), "most"),  # where a rewrite is a loss
        ((20, 0), (6, 6), (12, 1), "most"),  # the reference dies of JSON
    ],
)
def test_tuning_is_judged_by_its_share_of_the_rewrites_gain(
    sample_run: ModuleType,
    python: tuple[float, float],
    tuned: tuple[float, float],
    rust: tuple[float, float],
    gain: str,
) -> None:
    times = {"python": python, "rust": rust, "tuned": tuned}
    advice = advise(with_tuned(sample_run.report_input(), times), TIER)
    assert advice is not None
    assert advice.gain == gain


def test_the_races_name_both_once(sample_run: ModuleType) -> None:
    times = {"python": (20.0, 20.0), "rust": (12.1, 12.5), "tuned": (6.1, 6.6)}
    assert advise(with_tuned(sample_run.report_input(), times), TIER) == Advice(
        gain="most",
        language="Python",
        races="Tuned takes 6.10 s and Rust 12.1 s on CSV; 6.60 s and 12.5 s on JSON",
    )


def test_a_case_that_one_side_does_not_answer_is_left_out(sample_run: ModuleType) -> None:
    times = {"python": (20.0, 20.0), "rust": (12.0, 0.0), "tuned": (6.0, 6.0)}
    advice = advise(with_tuned(sample_run.report_input(), times), TIER)
    assert advice is not None
    assert advice.races == "Tuned takes 6.00 s and Rust 12.0 s on CSV"


def test_without_another_language_there_is_nothing_to_set_it_beside(
    sample_run: ModuleType,
) -> None:
    times = {"python": (20.0, 20.0), "tuned": (6.0, 6.0)}
    assert advise(with_tuned(sample_run.report_input(), times), TIER) is None


def test_a_tuned_rewrite_is_the_rewrite(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    times = {"python": (20.0, 20.0), "rust": (12.0, 12.0), "tuned": (6.0, 6.0)}
    assert advise(with_tuned(run, times, "rust"), TIER) is None


def test_the_variant_that_ran_first_is_the_reference(sample_run: ModuleType) -> None:
    times = {"rust": (12.0, 12.0), "tuned": (6.0, 6.0)}
    assert advise(with_tuned(sample_run.report_input(), times), TIER) is None


def test_one_case_fits_a_line(sample_run: ModuleType) -> None:
    times = {"python": (20.0, 20.0), "rust": (12.0, 0.0), "tuned": (6.0, 6.0)}
    advice = advise(with_tuned(sample_run.report_input(), times), TIER)
    assert advice is not None
    assert len(prose(f"Optimising Python is not enough: {advice.races}.")) <= WIDTH
