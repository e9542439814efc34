"""What others published."""

from __future__ import annotations

from lambdameter.model.base import Record


class PublishedFigure(Record, frozen=True, kw_only=True):
    """One published figure that stands beside ours.

    Attributes:
        metric: "total_ms", "per_1000_ms" or a phase's name.
    """

    claim: str
    workload: str
    variant: str
    case: str
    memory_mb: int
    metric: str
    value: float


class ClaimSource(Record, frozen=True, kw_only=True):
    """One published text and its figures.

    Attributes:
        count: units of work in the call that each figure was taken from; beside a call of
            another size it would mislead.
    """

    id: str
    title: str
    conditions: str
    count: int
    figures: tuple[PublishedFigure, ...]
