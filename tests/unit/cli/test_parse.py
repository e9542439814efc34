from __future__ import annotations

import pytest

from lambdameter.cli.parse import seconds
from lambdameter.errors import BadInputError


@pytest.mark.parametrize(
    ("typed", "told"), [("60s", 60), ("5m", 300), ("1.5h", 5_400), (" 2 m ", 120)]
)
def test_a_duration_is_read(typed: str, told: float) -> None:
    assert seconds(typed, "--for") == told


@pytest.mark.parametrize("typed", ["", "soon", "-1s", "0s", "60 s 1", "60", "1d", "nan", "inf s"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(BadInputError, match="is not a duration") as refused:
        seconds(typed, "--for")
    assert refused.value.place == "--for"
