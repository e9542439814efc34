"""The estimate that a few slow rounds cannot carry away."""

from __future__ import annotations

import numpy as np
import pytest

from lambdameter.stats.location import BEND, pseudo_values


def test_rounds_that_lie_together_are_answered_as_they_are() -> None:
    figures = np.array([0.01, -0.02, 0.03, 0.0, 0.015])
    assert pseudo_values(figures) == pytest.approx(figures)


def test_the_estimate_is_the_mean_of_the_pseudo_values_and_solves_hubers_equation() -> None:
    figures = np.random.default_rng(1).standard_t(2, size=41)
    centre = pseudo_values(figures).mean()
    reach = BEND * np.median(np.abs(figures - np.median(figures))) / 0.6744897501960817
    assert np.clip(figures - centre, -reach, reach).sum() == pytest.approx(0, abs=1e-9)


def test_by_hand_one_far_round_of_five_pulls_as_if_it_lay_at_the_bend() -> None:
    # Median 0, median absolute deviation 1, so the bend is 2.5 x 1.4826 = 3.7065 away; with the far
    # one bent, (-2 - 1 + 0 + 1 - 4c + 3.7065) / 5 = 0.
    figures = np.array([-2.0, -1.0, 0.0, 1.0, 1_000.0])
    centre = (2.5 / 0.6744897501960817 - 2) / 4
    assert pseudo_values(figures).mean() == pytest.approx(centre)


def test_how_far_a_far_round_is_does_not_matter() -> None:
    near, far = (np.array([0.1, 0.12, 0.09, 0.11, 0.1, slow]) for slow in (0.7, 70.0))
    assert pseudo_values(near) == pytest.approx(pseudo_values(far))


def test_slow_rounds_move_a_mean_ten_times_as_far() -> None:
    figures = np.random.default_rng(2).normal(0, 0.02, 40)
    slow = figures + np.where(np.arange(40) % 10 == 0, 0.7, 0.0)
    moved = pseudo_values(slow).mean() - figures.mean()
    assert abs(moved) < (slow.mean() - figures.mean()) / 10


def test_where_most_rounds_are_the_same_nothing_is_bent() -> None:
    figures = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    assert pseudo_values(figures) == pytest.approx(figures)


@pytest.mark.parametrize("rounds", [1, 2])
def test_too_few_rounds_to_have_a_bulk_are_answered_as_they_are(rounds: int) -> None:
    figures = np.array([0.3, -0.1][:rounds])
    assert pseudo_values(figures) == pytest.approx(figures)


def test_runs_side_by_side_are_judged_each_by_itself() -> None:
    figures = np.random.default_rng(3).standard_t(2, size=(20, 4))
    apart = np.column_stack([pseudo_values(run) for run in figures.T])
    assert pseudo_values(figures) == pytest.approx(apart)
