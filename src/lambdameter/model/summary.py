"""What the samples of a run come to."""

from __future__ import annotations

from lambdameter.model.base import Record
from lambdameter.model.comparison import Comparison, Flagged, Percentile, Stopping
from lambdameter.model.sample import SampleError


class CallSummary(Record, frozen=True, kw_only=True):
    """All samples of one call of one cell, reduced. Medians over environments, ms and MB.

    Attributes:
        n: samples; `errors` of them failed, and are in no figure.
        error: the first failure, as shown to the user.
        waiting_ms: Duration - CPU - throttled: a residual, None where negative or unknown.
        modelled_ms: the part of the waiting that the latency model made; None: real services.
        phases: phase name -> ms.
        retries: requests that SDKs sent again by themselves, in all samples; None: not known.
        faults: injected into all samples, by operation and kind.
        count: units of work in a call.
        least_ms, mean_ms, most_ms: of Duration, over all calls.
        mean_billed_ms: untrimmed mean, for cost.
        percentiles: of Duration (cold: Init Duration + Duration), one call an environment.
    """

    n: int
    errors: int
    count: int | None = None
    error: SampleError | None = None
    duration_ms: float | None = None
    least_ms: float | None = None
    mean_ms: float | None = None
    most_ms: float | None = None
    init_ms: float | None = None
    billed_ms: float | None = None
    mean_billed_ms: float | None = None
    total_ms: float | None = None
    phases: dict[str, float] = {}
    per_1000_ms: float | None = None
    max_memory_mb: int | None = None
    cpu_ms: float | None = None
    throttled_ms: float | None = None
    waiting_ms: float | None = None
    modelled_ms: float | None = None
    client_ms: float | None = None
    write_units: int | None = None
    retries: int | None = None
    faults: dict[str, int] = {}
    percentiles: tuple[Percentile, ...] = ()


class CellSummary(Record, frozen=True, kw_only=True):
    """One variant on one case at one tier."""

    variant: str
    case: str
    memory_mb: int
    cold: CallSummary | None = None
    warm: CallSummary | None = None


class CaseEquality(Record, frozen=True, kw_only=True):
    """All variants of one case against the generator and against each other.

    Attributes:
        proven: variants whose every answered trial was equal.
        died: variants of which no trial answered at some tier, with the error type.
        unequal: variants with at least one trial that differed.
        agree: whether all variants that answered wrote and answered the same.
    """

    case: str
    proven: tuple[str, ...]
    unequal: tuple[str, ...]
    died: dict[str, str]
    agree: bool
    records_compared: int
    digest: str | None


class Summary(Record, frozen=True, kw_only=True):
    """A run, recomputed from its samples.

    Attributes:
        comparisons: each variant against the reference, by tier, case and call.
        flagged: cells with calls far from the rest; of a case that is not equal, none.
        stopping: why a run of as many rounds as it needed ended; None: its rounds were fixed.
    """

    cells: tuple[CellSummary, ...]
    equality: tuple[CaseEquality, ...]
    equal: bool
    rounds: int
    complete: bool
    comparisons: tuple[Comparison, ...] = ()
    flagged: tuple[Flagged, ...] = ()
    stopping: Stopping | None = None
