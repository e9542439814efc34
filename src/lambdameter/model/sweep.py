"""One experiment at several latencies of the services."""

from __future__ import annotations

from lambdameter.model.base import Record
from lambdameter.model.report import ReportInput


class SweptRun(Record, frozen=True, kw_only=True):
    """The run at one latency.

    Attributes:
        latency_ms: the median of every request to a service.
        folder: its run folder's name, below the sweep's folder.
    """

    latency_ms: float
    folder: str


class Sweep(Record, frozen=True, kw_only=True):
    """The sweep's own file; everything else stands in its runs.

    Attributes:
        schema: version of the sweep folder's format.
        run: the name that the names of its runs begin with.
        seed: of the order in which the latencies of a round were measured.
        runs: in the order asked for.
    """

    schema: int
    run: str
    created_at: str
    workload: str
    seed: int
    runs: tuple[SweptRun, ...]


class SweepInput(Record, frozen=True, kw_only=True):
    """All that a sweep's report is made from; `runs` are in the order of the sweep's."""

    sweep: Sweep
    runs: tuple[ReportInput, ...]
    folder: str
