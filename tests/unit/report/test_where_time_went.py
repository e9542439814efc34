from __future__ import annotations

from types import ModuleType

from msgspec.structs import replace

from lambdameter.model.summary import CallSummary
from lambdameter.report.where_time_went import bar, where_time_went


def call(cpu: float, throttled: float, waiting: float | None, modelled: float) -> CallSummary:
    return CallSummary(
        n=1,
        errors=0,
        duration_ms=2_800.0,
        cpu_ms=cpu,
        throttled_ms=throttled,
        waiting_ms=waiting,
        modelled_ms=modelled,
    )


def test_the_parts_fill_the_bar_in_proportion() -> None:
    drawn = bar(call(700, 700, 1_400, 700), 2_800)
    assert drawn == "█" * 6 + "▓" * 6 + "▒" * 6 + "░" * 6


def test_bars_share_one_scale() -> None:
    assert bar(call(2_800, 0, 0, 0), 5_600).rstrip() == "█" * 12


def test_the_model_cannot_fill_more_than_the_waiting() -> None:
    assert bar(call(1_400, 0, 1_400, 9_000), 2_800) == "█" * 12 + "░" * 12


def test_an_unknown_waiting_is_drawn_as_unknown() -> None:
    assert bar(call(1_400, 0, None, 0), 2_800) == "·" * 24


def test_a_long_title_takes_no_figure(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(2)
    manifest = run.manifest
    cases = tuple(replace(one, title=one.title * 20) for one in manifest.workload.cases)
    workload = replace(manifest.workload, cases=cases)
    longer = replace(run, manifest=replace(manifest, workload=workload))
    short, long = (
        [line.split()[-6:] for line in where_time_went(one, 1024, {}).plain.splitlines()[3:]]
        for one in (run, longer)
    )
    assert short == long
    assert all(len(row) == 6 and "…" not in "".join(row) for row in short)
