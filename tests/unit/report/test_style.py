from __future__ import annotations

import msgspec
import pytest

from lambdameter.model.workload import Variant
from lambdameter.report.style import variant_styles
from lambdameter.words import listed

PYTHON = Variant(
    name="python",
    title="Python",
    language="python",
    runtime="python3.12",
    handler="h.h",
    source="python",
    build="copy",
)


def test_a_second_variant_of_a_language_gets_a_colour_of_its_own() -> None:
    tuned = msgspec.structs.replace(PYTHON, name="tuned")
    styles = variant_styles([PYTHON, tuned])
    assert styles["python"].color is not None
    assert styles["python"].color.name == "#0072b2"
    assert styles["python"].color != styles["tuned"].color


def test_more_variants_than_colours_are_still_told_apart_by_name() -> None:
    many = [msgspec.structs.replace(PYTHON, name=f"v{index}") for index in range(9)]
    assert len(variant_styles(many)) == 9


@pytest.mark.parametrize(
    ("items", "told"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_read_as_sentences_do(items: list[str], told: str) -> None:
    assert listed(items) == told
