"""What others published."""

from __future__ import annotations

from lambdameter.model.base import Call, Record


class PublishedFigure(Record, frozen=True, kw_only=True):
    """One published figure that stands beside ours.

    Attributes:
        call: which call it is of; "cold" is the first call of an environment, INIT included.
        metric: a phase's name, a figure of model.CallSummary ("duration_ms", "mean_ms"), or
            another that stands beside none of ours ("zip_bytes").
    """

    claim: str
    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call = "warm"
    metric: str
    value: float


class ClaimSource(Record, frozen=True, kw_only=True):
    """One published text and its figures.

    Attributes:
        count: units of work in the call that each figure was taken from: beside a call of
            another size it would mislead. None: the workload knows one size alone.
    """

    id: str
    title: str
    conditions: str
    count: int | None = None
    figures: tuple[PublishedFigure, ...]
