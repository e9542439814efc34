from __future__ import annotations

import pytest

from lambdameter.model import Gate, Interval, NotEnough, Outcome
from lambdameter.stats.comparison import of_limit

GATE = Gate(kind="slower", limit=0.05)


def between(low: float, high: float) -> Interval:
    return Interval(ratio=(low + high) / 2, low=low, high=high, level=0.95, base=20, head=20)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (1.051, 1.2, "failed"),
        (1.049, 1.2, "cannot-tell"),
        (0.9, 1.051, "cannot-tell"),
        (0.9, 1.05, "passed"),
        (0.5, 0.6, "passed"),
        (1.05, 1.05, "passed"),
    ],
)
def test_an_interval_decides_where_it_lies_on_one_side(low: float, high: float, outcome: Outcome):
    assert of_limit(GATE, between(low, high), None) == outcome


def test_without_an_interval_a_sampled_figure_decides_nothing():
    assert of_limit(GATE, NotEnough(base=1, head=1, needed=10), 9.0) == "cannot-tell"


@pytest.mark.parametrize(
    ("exact", "outcome"), [(1.05, "passed"), (1.06, "failed"), (None, "cannot-tell")]
)
def test_a_counted_figure_decides_by_itself(exact: float | None, outcome: Outcome):
    assert of_limit(GATE, None, exact) == outcome
