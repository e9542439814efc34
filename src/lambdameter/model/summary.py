"""A run's figures, recomputed from its samples."""

from __future__ import annotations

from lambdameter.model.base import CellKey, Record
from lambdameter.model.comparison import Comparison, FlaggedCalls, Percentile, Stopping
from lambdameter.model.sample import SampleError


class CallSummary(Record, frozen=True, kw_only=True):
    """The figures of one cell's cold or warm calls: medians over environments, in ms and MB.

    Attributes:
        n: number of samples; `errors` of them failed, and no figure includes these.
        error: the first failure, as the user sees it.
        waiting_ms: Duration - CPU - throttled: a residual; None where negative or unknown.
        modelled_ms: the part of `waiting_ms` that comes from the latency model; None for real
            services.
        phases: phase name -> ms.
        retries: requests that SDKs repeated on their own, summed over all samples; None: unknown.
        faults: number of injected faults in all samples, by operation and kind.
        count: units of work in a call.
        least_ms, mean_ms, most_ms: minimum, mean and maximum Duration over all calls.
        mean_billed_ms: untrimmed mean, for the bill.
        percentiles: of Duration (cold calls: Init Duration + Duration), one call per environment.
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

    @property
    def died(self) -> bool:
        """Whether calls were made and none of them answered."""
        return self.n > 0 and self.errors == self.n

    @property
    def compared_ms(self) -> float | None:
        """The time that variants are compared by: the handler's own total, otherwise Duration."""
        return self.duration_ms if self.total_ms is None else self.total_ms


class CellSummary(Record, frozen=True, kw_only=True):
    """One variant on one case at one memory size; `cold` and `warm` are None if never called."""

    variant: str
    case: str
    memory_mb: int
    cold: CallSummary | None = None
    warm: CallSummary | None = None

    @property
    def key(self) -> CellKey:
        """Variant, case and memory size."""
        return self.variant, self.case, self.memory_mb

    @property
    def died(self) -> bool:
        """Whether warm calls were made and none of them answered."""
        return self.warm is not None and self.warm.died

    @property
    def compared_ms(self) -> float | None:
        """The time of a warm call that variants are compared by; None where there is none."""
        return None if self.warm is None else self.warm.compared_ms


class CaseEquality(Record, frozen=True, kw_only=True):
    """All variants of one case compared with the expected result and with each other.

    Attributes:
        proven: variants whose answered trials were all equal.
        died: variant -> error type, where no trial answered at some memory size.
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
        equal: whether every planned case was shown equal.
        rounds: number of rounds with at least one sample.
        complete: whether every planned call was made, up to the round where the run ended.
        comparisons: each variant with the reference, by memory size, case and call.
        flagged: cells with outliers, only of cases that were shown equal.
        stopping: state of a run with `--rounds auto`; None where the number of rounds was fixed.
    """

    cells: tuple[CellSummary, ...]
    equality: tuple[CaseEquality, ...]
    equal: bool
    rounds: int
    complete: bool
    comparisons: tuple[Comparison, ...] = ()
    flagged: tuple[FlaggedCalls, ...] = ()
    stopping: Stopping | None = None
