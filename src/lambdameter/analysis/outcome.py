"""What several comparisons say together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lambdameter.model.comparison import Comparison


def outcome(
    comparisons: Sequence[Comparison | None],
) -> Literal["faster", "slower", "same", "mixed"] | None:
    """What all intervals together say; None where one of them is missing."""
    verdicts = {comparison.verdict for comparison in comparisons if comparison is not None}
    if None in comparisons or not verdicts or "not-enough-environments" in verdicts:
        return None
    if verdicts == {"faster"}:
        return "faster"
    if verdicts == {"slower"}:
        return "slower"
    return "same" if verdicts == {"no-difference"} else "mixed"
