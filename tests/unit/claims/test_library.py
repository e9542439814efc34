from __future__ import annotations

import pytest

from lambdameter.claims import library


def figures(claim: str) -> dict[tuple[str, str, str], float]:
    return {
        (one.variant, one.case, one.metric): one.value
        for source in library.sources()
        for one in source.figures
        if one.claim == claim
    }


@pytest.mark.parametrize(
    ("claim", "variant", "case", "row"),
    [
        ("K1", "rust", "csv", (14_740, 238, 140, 295)),
        ("K2", "rust", "json", (12_416, 272, 167, 248)),
        ("K3", "python", "csv", (21_194, 207, 469, 424)),
        ("K4", "python", "json", (20_205, 288, 170, 404)),
    ],
)
def test_k1_to_k4_are_as_published(
    claim: str, variant: str, case: str, row: tuple[float, ...]
) -> None:
    metrics = ("total_ms", "s3", "parse", "per_1000_ms")
    assert figures(claim) == {
        (variant, case, metric): value for metric, value in zip(metrics, row, strict=True)
    }


def test_the_writes_of_k14_are_what_the_totals_leave() -> None:
    for (variant, case, _), write in figures("K14").items():
        claim = {"rust": {"csv": "K1", "json": "K2"}, "python": {"csv": "K3", "json": "K4"}}
        row = figures(claim[variant][case])
        rest = sum(row[variant, case, phase] for phase in ("s3", "parse"))
        assert write == row[variant, case, "total_ms"] - rest
    assert len(figures("K14")) == 4
