"""The result of a search for an event on which variants differ."""

from __future__ import annotations

from typing import Any

from lambdameter.model.base import Record
from lambdameter.model.sample import FieldDifference


class Disagreement(Record, frozen=True, kw_only=True):
    """The differences between a variant and the first variant on one event.

    Attributes:
        fields: the fields that differ; `expected` is the first variant's value. The field "" is the
            whole answer.
    """

    variant: str
    fields: tuple[FieldDifference, ...]


class SearchResult(Record, frozen=True, kw_only=True):
    """One search, or one given event.

    Attributes:
        variants: names of the variants; the others were compared with the first.
        seed: None for a given event.
        inputs: number of events that were tried until one was found.
        smaller: number of further events that were tried to reduce the found event.
        smallest: whether no smaller event was left to try.
        exhausted: whether every event that the schema allows was tried.
        event: the found or given event; None where none was found.
        event_file: file of the event; None where none was found.
        answers: each variant's answer on one line.
        disagreements: the differences; empty where there are none.
        again: whether the variants differed when the found event was repeated; None: not repeated.
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
