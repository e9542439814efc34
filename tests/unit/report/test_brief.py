from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from lambdameter.analysis.decision import decide
from lambdameter.report import brief as brief_module
from lambdameter.report.brief import brief


def shown(run: Any, width: int = 100, *, colours: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        highlight=False,
        force_terminal=colours,
        color_system="truecolor" if colours else None,
    )
    console.print(brief(run))
    return file.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def line_of(text: str, start: str, number: int = 0) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)][number].split()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_any_width_from_sixty_columns_and_no_figure_is_cut(
    sample_run: ModuleType, width: int
) -> None:
    for run in (sample_run.report_input(), sample_run.rounds_input(12, 0.5)):
        text = shown(run, width)
        assert max(map(cell_len, text.splitlines())) <= width
        assert "…" not in text


def test_a_run_of_two_variants_and_two_cases_has_fifteen_lines(sample_run: ModuleType) -> None:
    assert len(shown(sample_run.rounds_input(12, 0.5), 120).splitlines()) <= 15


def test_the_verdict_comes_first(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(12, 0.5)
    assert words(shown(run)).startswith(words(decide(run)[0].verdict))


def test_a_row_has_what_one_chooses_by(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    cell = next(one for one in run.summary.cells if (one.variant, one.case) == ("python", "csv"))
    assert cell.cold is not None
    assert cell.warm is not None
    start_s = (cell.cold.init_ms + cell.cold.duration_ms) / 1_000
    row = line_of(shown(run), "Python")
    assert row[:4] == ["Python", "1,024", f"{start_s:.2f}", "s"]
    assert row[4:6] == [f"{cell.warm.duration_ms / 1_000:.1f}", "s"]
    assert row[8] == str(cell.warm.max_memory_mb)


def test_of_enough_environments_a_median_has_its_interval(sample_run: ModuleType) -> None:
    assert "95 % interval" not in shown(sample_run.rounds_input(9))
    text = shown(sample_run.rounds_input(12))
    assert "(95 % interval)" in text
    low, high = line_of(text, "Python")[6].strip("()").split("-")
    assert float(low) < float(line_of(text, "Python")[4]) < float(high)


def test_the_better_figure_is_set_off(sample_run: ModuleType) -> None:
    lines = shown(sample_run.report_input(), colours=True).splitlines()
    python, rust = (next(line for line in lines if name in line) for name in ("Python ", "Rust "))
    assert python.count("\x1b[1m") == 0
    assert rust.count("\x1b[1m") >= 4


def test_how_sure_is_said_in_one_line(sample_run: ModuleType) -> None:
    few = words(shown(sample_run.rounds_input(3)))
    assert "Certainty: 3 rounds: no confidence interval, which needs 10 (--cold 10)" in few
    many = words(shown(sample_run.rounds_input(12, 0.5), 200))
    assert "Certainty: 12 rounds; Rust 3.01 to 3.23 times faster than Python on CSV and " in many
    assert "2.49 to 2.70 on JSON (95 % intervals)" in many


@pytest.mark.parametrize(
    ("slowdown", "told"),
    [(1.0, "{} times faster than Python"), (9.0, "{} times slower than Python")],
)
def test_a_ratio_is_said_as_people_say_it(
    sample_run: ModuleType, slowdown: float, told: str
) -> None:
    run = sample_run.rounds_input(12, slowdown)
    (one, *_) = [one for one in run.summary.comparisons if one.call == "warm"]
    assert brief_module._how(one, "Python") == told
    alike = msgspec.structs.replace(one, verdict="no-difference")
    assert brief_module._how(alike, "Python") == "no faster or slower than Python"
    assert brief_module._figures(alike) == ""


def test_equality_is_one_line_or_all_of_it(sample_run: ModuleType) -> None:
    equal = shown(sample_run.report_input())
    assert "Equality: Python and Rust did the same: " in equal
    one = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in one.plan]
    samples[3] = sample_run.planted_difference(samples[3])
    unequal = shown(sample_run.report_input(one, samples))
    assert "NOT EQUAL" in unequal
    assert "record reg-000017" in unequal


def test_what_went_wrong_is_told_with_its_next_step(sample_run: ModuleType) -> None:
    text = shown(sample_run.report_input(sample_run.manifest((128, 1024))))
    assert "What went wrong" in text
    assert "Runtime.OutOfMemory" in text


def test_what_weighs_most_is_the_one_to_mind(sample_run: ModuleType) -> None:
    def mind(run: Any) -> str:
        return words(shown(run)).partition("Mind: ")[2].partition("Run folder")[0].strip()

    run = sample_run.report_input()
    assert mind(run).startswith("emulated at this machine's CPU speed")
    loose = sample_run.report_input(sample_run.manifest(enforced=False))
    assert mind(loose).startswith("neither CPU share nor memory limit was enforced")
    cut = msgspec.structs.replace(
        run, summary=msgspec.structs.replace(run.summary, complete=False), samples=run.samples[:-1]
    )
    assert mind(cut).startswith("the run is not complete: 1 of ")
    target = msgspec.structs.replace(run.manifest.target, name="aws", enforcement=None)
    on_aws = msgspec.structs.replace(
        run, manifest=msgspec.structs.replace(run.manifest, target=target)
    )
    assert mind(on_aws) == ""


def test_a_run_without_samples_says_how_to_make_them(sample_run: ModuleType) -> None:
    text = words(shown(sample_run.report_input(sample_run.manifest(), [])))
    assert "lambdameter run --resume runs/one" in text
    assert "Run folder: runs/one (all of it: --full)" in text
