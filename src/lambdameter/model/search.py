"""What came of looking for an input on which variants differ."""

from __future__ import annotations

from typing import Any

from lambdameter.model.base import Record
from lambdameter.model.sample import FieldDifference


class Disagreement(Record, frozen=True, kw_only=True):
    """One variant against the first on one event.

    Attributes:
        fields: where they differ; `expected` is what the first variant answered. The field "" is
            the answer as a whole.
    """

    variant: str
    fields: tuple[FieldDifference, ...]


class SearchResult(Record, frozen=True, kw_only=True):
    """One search, or one event called again.

    Attributes:
        variants: those that were held against the first of them.
        seed: None: one given event was called.
        inputs: how many events were tried until one was found.
        smaller: how many more to make it smaller.
        smallest: whether none was left that could be smaller.
        exhausted: whether the schema allows no event that was not tried.
        event: the one on which they differ, or that was given; None also where there is none.
        event_file: where it stands; None: nothing was found.
        answers: what each variant made of it, on one line.
        disagreements: empty: nothing was found.
        again: whether they differed when the event was called once more; None: it was not.
    """

    workload: str
    variants: tuple[str, ...]
    seed: int | None
    inputs: int
    smaller: int = 0
    smallest: bool = False
    exhausted: bool = False
    seconds: float
    event: Any = None
    event_file: str | None = None
    answers: dict[str, str] = {}
    disagreements: tuple[Disagreement, ...] = ()
    again: bool | None = None
