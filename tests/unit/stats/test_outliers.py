from __future__ import annotations

import numpy as np

from lambdameter.stats.outliers import mad, tukey


def test_tukeys_fences_are_one_and_a_half_ranges_beyond_the_quartiles() -> None:
    # Quartiles of 0..8 are 2 and 6, so the fences are -4 and 12.
    within = [0.0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert not tukey(np.array(within)).any()
    # With 8 replaced the quartiles stay: 12 lies on the fence, 12.1 beyond it.
    assert list(tukey(np.array([*within[:-1], 12.0]))).count(True) == 0
    assert list(tukey(np.array([*within[:-1], 12.1]))).count(True) == 1
    assert list(tukey(np.array([-4.1, *within[1:]]))).count(True) == 1


def test_mad_flags_a_modified_z_above_three_and_a_half() -> None:
    # Median 3, MAD 1: z = 0.6745 |x - 3|, so 8.18 has 3.494 and 8.2 has 3.507.
    assert not mad(np.array([1.0, 2, 3, 4, 8.18])).any()
    assert list(mad(np.array([1.0, 2, 3, 4, 8.2]))) == [False, False, False, False, True]


def test_equal_values_are_no_outliers() -> None:
    assert not tukey(np.ones(5)).any()
    assert not mad(np.ones(5)).any()
