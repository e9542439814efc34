"""One experiment at several service latencies."""

from __future__ import annotations

from lambdameter.model.base import Record


class SweptRun(Record, frozen=True, kw_only=True):
    """The run at one latency.

    Attributes:
        latency_ms: median latency of every request to a service.
        folder: name of the run folder, below the sweep's folder.
    """

    latency_ms: float
    folder: str


class Sweep(Record, frozen=True, kw_only=True):
    """The sweep's own file; everything else is in the run folders.

    Attributes:
        schema: version of the sweep folder's format.
        run: the prefix of its runs' names.
        seed: seed of the order in which the latencies of a round were measured.
        runs: one for each latency, in the order of the command line.
    """

    schema: int
    run: str
    created_at: str
    workload: str
    seed: int
    runs: tuple[SweptRun, ...]
