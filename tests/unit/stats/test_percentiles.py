from __future__ import annotations

from math import comb

import pytest

from lambdameter.stats.percentiles import needed, percentiles, ranks


def test_p90_p95_and_p99_need_36_72_and_368_environments() -> None:
    # 0.9^36 = 0.0225 and 0.9^35 = 0.0250316: the largest of 35 is not high enough.
    assert [needed(share) for share in (0.9, 0.95, 0.99)] == [36, 72, 368]


@pytest.mark.parametrize(("count", "share"), [(36, 0.9), (72, 0.95), (100, 0.9), (368, 0.99)])
def test_the_ranks_enclose_the_percentile_in_95_of_100_runs(count: int, share: float) -> None:
    low, high = ranks(count, share)

    def below(number: int) -> float:
        """That fewer than `number` of the times lie below the percentile."""
        return sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(number))

    assert 1 <= low < high <= count
    assert below(low) <= 0.025 < below(low + 1)
    assert 1 - below(high) <= 0.025 < 1 - below(high - 1)


def test_too_few_environments_have_no_percentile() -> None:
    p90, p95, p99 = percentiles([1.0] * 35)
    assert p90.value_ms is p95.value_ms is p99.value_ms is None
    assert (p90.environments, p90.needed) == (35, 36)


def test_a_percentile_is_a_time_that_was_observed() -> None:
    p90, p95, _ = percentiles(list(map(float, range(100, 0, -1))))
    assert (p90.value_ms, p90.low_ms, p90.high_ms) == (90.0, 84.0, 96.0)
    assert p95.value_ms == 95.0
