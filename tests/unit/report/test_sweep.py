from __future__ import annotations

import io
from types import ModuleType

from rich.cells import cell_len

from lambdameter.analysis import latency_curves
from lambdameter.analysis.run import LatencySweep
from lambdameter.report import markdown, sweep
from lambdameter.report.terminal import console


def plain(told: LatencySweep) -> str:
    file = io.StringIO()
    console(file).print(sweep.report(told))
    return file.getvalue()


def three(sample_run: ModuleType, rounds: int = 20) -> LatencySweep:
    runs = [sample_run.rounds_input(rounds, slowdown) for slowdown in (0.8, 1, 1.8)]
    told: LatencySweep = sample_run.sweep_input(*runs)
    return told


def test_what_decides_stands_first(sample_run: ModuleType) -> None:
    told = three(sample_run)
    first = latency_curves.sentences(told)[0]
    assert " ".join(plain(told).split()).startswith(first)
    assert markdown.sweep(told).startswith(f"**{markdown.escape(first)}**")


def test_every_latency_of_every_variant_has_a_row_with_ratio_and_interval(
    sample_run: ModuleType,
) -> None:
    told = three(sample_run)
    rows = [line for line in plain(told).splitlines() if line.startswith(("CSV  ", "JSON "))]
    assert [row.split()[2] for row in rows] == ["≈0", "≈3", "≈6"] * 2
    for curve, start in zip(latency_curves.curves(told, 1024), (0, 3), strict=True):
        for point, row in zip(curve.points, rows[start : start + 3], strict=True):
            assert point.comparison is not None
            assert point.comparison.interval is not None
            for ratio in (point.comparison.ratio, point.comparison.interval.low):
                assert f"{ratio:.3g}" in row
    assert [row.split()[-1] for row in rows[:3]] == ["faster", "faster", "slower"]


def test_the_latency_is_marked_as_modelled_and_each_run_is_named(sample_run: ModuleType) -> None:
    told = plain(three(sample_run))
    words = " ".join(told.split())
    assert "≈ the latency is modelled" in words
    for folder in ("latency-0", "latency-3", "latency-6"):
        assert f"`lambdameter report runs/one/{folder}`" in words
    assert told.endswith("sweep folder runs/one\n")


def test_no_line_is_wider_than_100_cells(sample_run: ModuleType) -> None:
    for rounds in (1, 20):
        lines = plain(three(sample_run, rounds)).splitlines()
        assert max(cell_len(line) for line in lines) <= 100
        assert not any("…" in line for line in lines)


def test_a_comment_has_a_table_for_each_tier(sample_run: ModuleType) -> None:
    text = markdown.sweep(three(sample_run))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 6
    assert {row.count("|") for row in rows} == {10}
    few = markdown.sweep(three(sample_run, rounds=2))
    assert few.count("| too few environments |") == 6


def test_a_latency_without_figures_says_why(sample_run: ModuleType) -> None:
    good = sample_run.rounds_input(20)
    dead = [
        sample_run.dead(one.trial) if one.trial.variant == "rust" else one for one in good.samples
    ]
    told = sample_run.sweep_input(good, sample_run.report_input(good.manifest, dead))
    assert "CSV  Rust  at 3 ms: Rust died: Runtime.OutOfMemory" in plain(told)
    assert "| CSV | Rust | 3 | Rust died: Runtime.OutOfMemory |" in markdown.sweep(told)
