from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text

from lambdameter.report import terminal


def kinds(sample_run: ModuleType) -> dict[str, Any]:
    one = sample_run.manifest()
    unequal = [sample_run.sample(trial) for trial in one.plan]
    unequal[3] = sample_run.planted_difference(unequal[3])
    return {
        "one tier": sample_run.report_input(one),
        "two tiers": sample_run.report_input(sample_run.manifest((128, 1024))),
        "unequal": sample_run.report_input(one, unequal),
        "nothing enforced": sample_run.report_input(sample_run.manifest(enforced=False)),
        "no samples": sample_run.report_input(one, []),
    }


KINDS = ["one tier", "two tiers", "unequal", "nothing enforced", "no samples"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_wider_than_100_cells(sample_run: ModuleType, shown: Any, kind: str) -> None:
    lines = shown.plain(kinds(sample_run)[kind]).splitlines()
    assert max(cell_len(line) for line in lines) <= 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_gets_no_escape_code(sample_run: ModuleType, shown: Any, kind: str) -> None:
    assert "\x1b" not in shown.plain(kinds(sample_run)[kind])


def test_no_figure_is_cut_off(sample_run: ModuleType, shown: Any) -> None:
    assert "…" not in shown.plain(kinds(sample_run)["one tier"])


def test_colour_says_nothing_that_the_words_do_not(sample_run: ModuleType, shown: Any) -> None:
    run = kinds(sample_run)["two tiers"]
    coloured = Text.from_ansi(shown.coloured(run)).plain
    assert [line.rstrip() for line in coloured.splitlines()] == [
        line.rstrip() for line in shown.plain(run).splitlines()
    ]


def test_python_is_blue_and_rust_vermilion(sample_run: ModuleType, shown: Any) -> None:
    coloured = shown.coloured(kinds(sample_run)["one tier"])
    assert "\x1b[38;2;0;114;178mPython" in coloured
    assert "\x1b[38;2;213;94;0mRust" in coloured


def test_no_variant_is_marked_in_the_colour_of_another(sample_run: ModuleType, shown: Any) -> None:
    coloured = shown.coloured(kinds(sample_run)["two tiers"])
    (dead,) = [line for line in coloured.splitlines() if "died: " in line and "at 128 MB" in line]
    assert "213;94;0" not in dead


def test_what_to_do_stands_first(sample_run: ModuleType, shown: Any) -> None:
    first = shown.plain(kinds(sample_run)["one tier"]).splitlines()[0]
    assert first.startswith("Reduce the DynamoDB writes first")


def test_the_better_figure_is_bold(sample_run: ModuleType, shown: Any) -> None:
    coloured = shown.coloured(kinds(sample_run)["one tier"])
    assert "\x1b[1m13,613 \x1b[0m" in coloured
    assert "\x1b[1m20,799" not in coloured


def test_a_published_figure_is_in_parentheses_with_its_source(
    sample_run: ModuleType, shown: Any
) -> None:
    text = shown.plain(kinds(sample_run)["one tier"])
    assert "(21,194)" in text
    assert "We Cut Our Lambda Bill by 33% Switching to Rust" in text


def test_figures_published_for_another_tier_stay_out(sample_run: ModuleType, shown: Any) -> None:
    run = sample_run.report_input(sample_run.manifest((128,)))
    assert "published" not in shown.plain(run)


def test_a_modelled_figure_is_marked_and_its_share_told(sample_run: ModuleType, shown: Any) -> None:
    text = shown.plain(kinds(sample_run)["one tier"])
    assert "≈13,020" in text
    assert "63 % to 95 % of these times is modelled service time." in " ".join(text.split())


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_ends_in_a_blank(sample_run: ModuleType, shown: Any, kind: str) -> None:
    lines = shown.plain(kinds(sample_run)[kind]).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_cell_that_died_is_a_row_that_says_so(sample_run: ModuleType, shown: Any) -> None:
    text = shown.plain(kinds(sample_run)["two tiers"])
    assert "JSON Python  died: Runtime.OutOfMemory at 128 MB" in text


def test_without_a_measured_call_there_is_no_bill(sample_run: ModuleType, shown: Any) -> None:
    text = shown.plain(kinds(sample_run)["no samples"])
    assert "The bill" not in text
    assert "8 of 8 calls are missing" in text


def test_every_tier_has_its_block(sample_run: ModuleType, shown: Any) -> None:
    text = shown.plain(kinds(sample_run)["two tiers"])
    for tier in ("128 MB", "1,024 MB"):
        for block in ("Warm calls", "Cold calls", "Where the time went", "The bill"):
            assert f"{block} at {tier}" in text


def test_an_unequal_case_shows_the_differing_field_and_no_speed(
    sample_run: ModuleType, shown: Any
) -> None:
    text = shown.plain(kinds(sample_run)["unequal"])
    assert 'amount_paid: expected {"N":"129.5"}, found {"S":"129.50"}' in text
    assert "1 of 50,000 records differ" in text
    for csv_figure in ("20,799", "13,613", "20,811", "13,625", "1,066"):
        assert csv_figure not in text
    assert text.startswith("Not equal: Rust on CSV.")


def test_nothing_enforced_is_said_loudly(sample_run: ModuleType, shown: Any) -> None:
    text = shown.plain(kinds(sample_run)["nothing enforced"])
    assert "NO LIMIT IS ENFORCED" in text
    assert "run as root" in text


@pytest.mark.parametrize(
    "caveat",
    [
        "one round, so no intervals",
        "prices of arm64, but measured on x86_64",
        "no figure here was measured on AWS",
        "on AWS the runtime's base memory is added",
        "not included: the free tier",
    ],
)
def test_each_caveat_is_in_the_output(sample_run: ModuleType, shown: Any, caveat: str) -> None:
    text = " ".join(shown.plain(kinds(sample_run)["one tier"]).split())
    assert caveat in text


def test_it_ends_with_the_run_folder(sample_run: ModuleType, shown: Any) -> None:
    run = sample_run.report_input(folder="runs/2026-11-21")
    assert shown.plain(run).splitlines()[-1].split() == ["run", "folder", "runs/2026-11-21"]


def test_a_pipe_is_100_columns_wide_whatever_the_terminal(monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert terminal.console(io.StringIO()).width == 100
