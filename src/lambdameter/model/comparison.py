"""Comparisons of a variant with the reference, and the looks of a run with `--rounds auto`.

A ratio is the variant's time or cost / the reference's: 0.8 is a fifth less.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from lambdameter.model.base import Call, Record

Verdict = Literal["faster", "slower", "no-difference", "not-enough-environments"]

Reason = Literal["decided", "equivalent", "last-look", "out-of-budget", "nothing-to-compare"]


class Interval(Record, frozen=True, kw_only=True):
    """A confidence interval of a ratio, by bootstrap over environments.

    Attributes:
        level: confidence level: 0.95, or more if the run has several looks, so that 0.95 holds over
            all looks.
        environments: number of environments of each variant, one per round.
        resamples: number of bootstrap samples.
        ratio: the estimate.
    """

    level: float
    environments: int
    resamples: int
    ratio: float
    low: float
    high: float


class InitRatio(Record, frozen=True, kw_only=True):
    """The ratio of Init Duration, estimated over rounds like `Comparison.ratio`.

    Attributes:
        interval, detectable: None below `needed` environments.
    """

    ratio: float
    interval: Interval | None = None
    detectable: float | None = None


class Outliers(Record, frozen=True, kw_only=True):
    """The outliers of a comparison; they are flagged, but every figure includes them.

    Attributes:
        calls: number of calls of both variants.
        tukey, mad: number of calls flagged by Tukey's fences and by the median absolute deviation.
        rounds: number of rounds whose ratio Tukey's fences flag.
        without: ratio of medians without the flagged calls and rounds; None where none remain.
        cost_without: ratio of mean billed time without the flagged calls.
    """

    calls: int
    tukey: int
    mad: int
    rounds: int
    without: float | None
    cost_without: float


class FlaggedCalls(Record, frozen=True, kw_only=True):
    """The outliers of one cell; every figure includes them.

    Attributes:
        calls: number of the cell's calls that figures include.
        tukey, mad: indices of the trials flagged by Tukey's fences, and by the median absolute
            deviation.
        median_ms, mean_ms: of the calls' times (cold calls: Init Duration + Duration).
        median_without_ms, mean_without_ms: the same without all flagged calls; None where none
            remain.
    """

    variant: str
    case: str
    memory_mb: int
    call: Call
    calls: int
    tukey: tuple[int, ...]
    mad: tuple[int, ...]
    median_ms: float
    mean_ms: float
    median_without_ms: float | None
    mean_without_ms: float | None

    @property
    def trials(self) -> frozenset[int]:
        """Indices of all flagged trials."""
        return frozenset((*self.tukey, *self.mad))


class Noise(Record, frozen=True, kw_only=True):
    """The noise of a comparison: how much calls that do the same work differ.

    Attributes:
        within_log_sd: standard deviation of the calls of one environment, of logarithms: 0.1 is
            about 10 %.
        between_log_sd: the same of environments, beyond what their calls explain.
        drift: time of the last round / time of the first, on a straight line through all rounds.
        coefficient: Spearman's coefficient of a round's time with its number; 1 or -1 for pure
            drift.
        warning: the problem; None where there is none.
        next_step: what to do; None where there is no warning.
    """

    within_log_sd: float | None
    between_log_sd: float
    drift: float
    coefficient: float
    warning: str | None = None
    next_step: str | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """A variant compared with the reference: one call of one case at one memory size.

    Attributes:
        reference: the first candidate of the workload that has figures.
        environments: number of rounds in which both were measured; no ratio includes the others.
        needed, needed_for_cost: number of environments from which on there is an interval.
        ratio: ratio of environment medians of Duration (cold calls: Init Duration + Duration),
            Huber's estimate of location over rounds.
        interval: interval of `ratio`; None below `needed`.
        cost_ratio, cost_interval: the same for untrimmed means of billed ms.
        detectable: minimum detectable effect: the smallest change that a run like this finds in
            four cases of five, as a share (0.03 is 3 %); None below `needed`.
        cost_detectable: the same for billed ms; None below `needed_for_cost`.
        init: ratio of Init Duration; None for warm calls.
        noise: None below three rounds.
    """

    reference: str
    variant: str
    case: str
    memory_mb: int
    call: Call
    environments: int
    needed: int
    needed_for_cost: int
    ratio: float
    cost_ratio: float
    verdict: Verdict
    interval: Interval | None = None
    cost_interval: Interval | None = None
    detectable: float | None = None
    cost_detectable: float | None = None
    init: InitRatio | None = None
    outliers: Outliers
    noise: Noise | None = None


class Percentile(Record, frozen=True, kw_only=True):
    """A high percentile of a cell's times.

    Attributes:
        share: 0.9, 0.95 or 0.99.
        needed: number of environments from which on there is a value.
        value_ms, low_ms, high_ms: percentile of one call per environment, with its
            distribution-free 95 % interval; None where there are too few environments.
    """

    share: float
    environments: int
    needed: int
    value_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None


class StoppingRule(Record, frozen=True, kw_only=True):
    """How a run with `--rounds auto` ends; declared before its first round.

    Attributes:
        looks: numbers of rounds after which there is a look at the data, ascending; the last look
            ends the run.
        budget_s: time limit of measuring, seconds; None: unlimited.
    """

    looks: tuple[int, ...]
    budget_s: float | None = None


class Look(Record, frozen=True, kw_only=True):
    """One look at the data of a run.

    Attributes:
        level: confidence level of the intervals.
        comparisons: number of comparisons.
        decided: number of comparisons with the verdict faster or slower.
        equivalent: number of comparisons whose interval has only negligible differences.
    """

    rounds: int
    level: float
    comparisons: int
    decided: int
    equivalent: int


class Stopping(Record, frozen=True, kw_only=True):
    """The state of a run with `--rounds auto` after a round.

    Attributes:
        looks: numbers of rounds of the declared looks.
        level: confidence level of this look's intervals; None between looks.
        stop: whether the run ends here.
        reason: "decided": every comparison is decided; "equivalent": every comparison is decided
            or practically equal; "last-look"; "out-of-budget"; "nothing-to-compare": no two
            variants have figures; None: the run continues.
        history: the looks so far, oldest first; `made` in stopping.json.
        elapsed_s: time of measuring so far, seconds.
    """

    rounds: int
    looks: tuple[int, ...]
    level: float | None
    stop: bool
    reason: Reason | None = None
    history: tuple[Look, ...] = msgspec.field(default=(), name="made")
    elapsed_s: float = 0.0
