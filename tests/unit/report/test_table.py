from __future__ import annotations

from types import ModuleType

import msgspec

from lambdameter.report import table


def test_the_warm_table_has_claim_ks_columns(sample_run: ModuleType) -> None:
    rows = table.warm_table(sample_run.report_input(), 1024, {}).plain.splitlines()
    figures = "231 488 20,080 20,799 ≈63 416 20,811 20,812 92 251"
    assert rows[3].split() == ["CSV", "Python", *figures.split()]
    assert rows[4].split() == ["published", "(207)", "(469)", "(20,518)", "(21,194)", "(424)"]


def test_a_cell_with_some_failures_says_so_under_its_figures(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples.append(sample_run.dead(manifest.plan[1]))
    text = table.warm_table(sample_run.report_input(manifest, samples), 1024, {}).plain
    assert "1 of 2 calls failed and are not in the figures: Runtime.OutOfMemory" in text


def test_the_error_of_a_dead_row_leaves_out_the_request_id(sample_run: ModuleType) -> None:
    run = sample_run.report_input(sample_run.manifest((128,)))
    text = table.warm_table(run, 128, {}).plain
    assert "died: Runtime.OutOfMemory at 128 MB  Runtime exited with error" in text
    assert "RequestId" not in text


def test_the_source_of_published_figures_is_named_once(sample_run: ModuleType) -> None:
    source = table.published_in(sample_run.report_input(), 1024)
    assert source is not None
    assert source.plain.count("We Cut Our Lambda Bill") == 1
    assert table.published_in(sample_run.report_input(), 512) is None


def test_cold_calls_show_their_init(sample_run: ModuleType) -> None:
    rows = table.cold_table(sample_run.report_input(), 1024, {}).plain.splitlines()
    figures = "2,000 8.40 242 2.44 532 777 789 798 31"
    assert rows[4].split() == ["CSV", "Rust", *figures.split()]


def test_a_variant_without_a_call_is_a_row_all_the_same(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    cells = tuple(msgspec.structs.replace(cell, warm=None) for cell in run.summary.cells)
    empty = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, cells=cells))
    assert table.warm_table(empty, 1024, {}).plain.count("not measured") == 4


def test_no_published_figure_stands_beside_a_call_of_another_size(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    claims = tuple(
        msgspec.structs.replace(one, count=one.count and one.count + 1) for one in run.claims
    )
    other = msgspec.structs.replace(run, claims=claims)
    assert "published" in table.warm_table(run, 1024, {}).plain
    assert "published" not in table.warm_table(other, 1024, {}).plain
