from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from lambdameter.report.distribution import Axis, Strip, axis, distribution, draw, ticks


def strip(label: str, values: list[float], flags: list[bool] | None = None) -> Strip:
    return Strip(Text(label), Style(), values, flags or [False] * len(values))


def around(middle: float, calls: int, seed: int = 1) -> list[float]:
    chance = random.Random(seed)  # noqa: S311
    return [middle * chance.lognormvariate(0, 0.2) for _ in range(calls)]


def dots(line: str) -> int:
    """How many dots a line's Braille characters hold."""
    return sum((ord(mark) - 0x2800).bit_count() for mark in line if 0x2800 <= ord(mark) < 0x2900)


@pytest.mark.parametrize("calls", [1, 2, 17, 60])
def test_every_call_is_a_dot(calls: int) -> None:
    told = draw([strip("a", around(100, calls))])
    assert dots(told.plain) == calls
    assert "a dot is a call" in told.plain


def test_where_dots_are_many_calls_none_is_without_its_dot() -> None:
    lone = 500.0
    told = draw([strip("a", [*around(100, 5_000), lone])]).plain
    assert "a dot is up to" in told
    *_, last, _marks, _line, _figures, _legend = told.splitlines()
    assert dots(last.rstrip()[60:]) > 0
    assert "5,001" in last


def test_an_outlier_is_drawn_marked_and_counted() -> None:
    values = [100.0, 101.0, 102.0, 300.0]
    told = draw([strip("a", values, [False, False, False, True])]).plain
    first, marks = told.splitlines()[:2]
    assert dots(first) == 4
    assert first.endswith(" 4, 1 ✗")
    assert marks.count("✗") == 1
    assert marks.count("▲") == 1
    assert "✗ outlier, included in every figure" in told
    assert marks.index("✗") > marks.index("▲")


def test_without_outliers_there_is_no_word_of_them() -> None:
    assert "outlier" not in draw([strip("a", [1.0, 2.0])]).plain


def test_the_axis_is_logarithmic_only_where_a_linear_one_would_crowd() -> None:
    assert not axis([strip("a", [10.0, 70.0])]).is_log
    assert axis([strip("a", [10.0]), strip("b", [90.0])]).is_log


def test_all_strips_share_one_axis() -> None:
    told = draw([strip("a", [100.0, 101.0]), strip("b", [200.0, 201.0])]).plain.splitlines()
    assert told[1].index("▲") < 5
    assert told[3].index("▲") > 75


@pytest.mark.parametrize("value", [0.0, 0.01, 5.0, 900_000.0])
def test_calls_that_are_all_alike_are_drawn(value: float) -> None:
    told = draw([strip("a", [value] * 3)]).plain
    assert dots(told) == 3


def test_a_zero_beside_large_values_is_drawn_on_a_linear_axis() -> None:
    assert "linear axis" in draw([strip("a", [0.0, 1_000.0])]).plain


@pytest.mark.parametrize("spread", [[1.0, 1.0001], [0.5, 3.0], [3.0, 4_000.0], [70.0, 900_000.0]])
def test_no_line_is_wider_than_100_cells(spread: list[float]) -> None:
    label = "A case with a long name, and a variant with one"
    lines = draw([strip(label, spread), strip("b", around(100, 400))]).plain.splitlines()
    assert max(map(cell_len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)


def test_ticks_are_round_and_inside_the_axis() -> None:
    assert ticks(Axis(low=12, high=104, is_log=False)) == list(range(20, 101, 10))
    assert ticks(Axis(low=3, high=600, is_log=True)) == [5, 10, 20, 50, 100, 200, 500]
    assert ticks(Axis(low=7, high=7, is_log=False)) == [7]


def repeated(sample_run: ModuleType) -> Any:
    """The invented run with three environments for each cell, and one call in each."""
    once = sample_run.manifest()
    plan = tuple(
        msgspec.structs.replace(
            trial,
            index=trial.index + turn * len(once.plan),
            environment=trial.environment + turn * len(once.plan),
        )
        for turn in range(3)
        for trial in once.plan
    )
    return sample_run.report_input(msgspec.structs.replace(once, plan=plan))


def test_a_report_draws_the_warm_calls_of_each_cell(sample_run: ModuleType, shown: Any) -> None:
    run = repeated(sample_run)
    told = distribution(run, 1024, {})
    assert told is not None
    assert dots(told.plain) == 4 * 3
    assert told.plain in shown.plain(run)


def test_flagged_trials_are_marked(sample_run: ModuleType) -> None:
    run = repeated(sample_run)
    flagged = next(sample.trial.index for sample in run.samples if sample.trial.call == "warm")
    told = distribution(msgspec.structs.replace(run, outliers=frozenset({flagged})), 1024, {})
    assert told is not None
    assert told.plain.count("3, 1 ✗") == 1


def test_one_call_of_each_cell_is_no_distribution(sample_run: ModuleType) -> None:
    assert distribution(sample_run.report_input(), 1024, {}) is None


def test_nothing_is_drawn_of_a_case_that_is_not_equal(sample_run: ModuleType) -> None:
    run = repeated(sample_run)
    samples = [
        sample_run.planted_difference(one) if one.trial.case == "csv" else one
        for one in run.samples
    ]
    told = distribution(sample_run.report_input(run.manifest, samples), 1024, {})
    assert told is not None
    assert "CSV" not in told.plain
