"""The figures that only benchmarks read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdameter.claims import library
from lambdameter.model.claim import ClaimSource
from lambdameter.workload import loader

LIGHT = Path(__file__).parents[3] / "benchmarks" / "published" / "light.toml"
MEMORY_MB = (128, 256, 512, 1_024, 1_769, 2_048)
# Published for runtimes that the workload has no variant in.
OTHERS = {"python3.12", "nodejs22"}


@pytest.fixture(scope="module")
def light() -> ClaimSource:
    return msgspec.toml.decode(LIGHT.read_bytes(), type=ClaimSource)


@pytest.mark.parametrize(
    ("variant", "first_ms", "init_ms"),
    [
        ("python", (353, 165, 90.2, 61.5, 60.4, 60.2), (422, 438)),
        ("python3.12", (356, 167, 91.9, 64.3, 61.4, 61.2), (386, 398)),
        ("rust", (826, 418, 222, 124, 98.3, 94.7), (66, 69)),
        ("nodejs22", (1_133, 553, 274, 153, 115, 112), (333, 341)),
    ],
)
def test_first_calls_and_inits_are_as_published(
    light: ClaimSource, variant: str, first_ms: tuple[float, ...], init_ms: tuple[float, float]
) -> None:
    cells = {
        (one.memory_mb, one.metric): one.value for one in light.figures if one.variant == variant
    }
    low, high = init_ms
    assert cells == {
        (memory_mb, metric): value
        for memory_mb, first in zip(MEMORY_MB, first_ms, strict=True)
        for metric, value in (
            ("duration_ms", first),
            ("init_ms", (low + high) / 2),
            ("least_init_ms", low),
            ("most_init_ms", high),
        )
    }


def test_they_are_of_first_calls_of_a_workload_that_is_there(light: ClaimSource) -> None:
    known = loader.load("light")
    assert {(one.workload, one.case, one.call) for one in light.figures} == {
        ("light", known.cases[0].name, "cold")
    }
    variants = {one.variant for one in light.figures}
    assert variants == {one.name for one in known.variants} | OTHERS


def test_they_are_none_of_those_that_are_judged(light: ClaimSource) -> None:
    assert light.id not in [one.id for one in library.sources()]
