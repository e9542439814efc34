"""How sure one can be: two variants against each other, with what says so.

A ratio is the variant's time or cost over the reference's: 0.8 is a fifth less.
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
        level: how often such intervals hold the true ratio: 0.95; more where a run was looked at
            several times, so that 0.95 is kept over all looks.
        environments: of each of the two variants; one a round.
        resamples: how many bootstrap samples it was read from.
        ratio: the estimate.
    """

    level: float
    environments: int
    resamples: int
    ratio: float
    low: float
    high: float


class InitRatio(Record, frozen=True, kw_only=True):
    """Init Duration alone: estimated over rounds as `Comparison.ratio` is.

    Attributes:
        interval, detectable: None below `needed` environments.
    """

    ratio: float
    interval: Interval | None = None
    detectable: float | None = None


class Outliers(Record, frozen=True, kw_only=True):
    """What lies far from the rest. It is flagged and stays in every figure.

    Attributes:
        calls: of both variants.
        tukey, mad: calls flagged by Tukey's fences and by the median absolute deviation.
        rounds: rounds whose ratio Tukey's fences flag.
        without: the ratio of medians without the flagged calls and rounds; None: nothing is left.
        cost_without: the ratio of mean billed time without the flagged calls.
    """

    calls: int
    tukey: int
    mad: int
    rounds: int
    without: float | None
    cost_without: float


class FlaggedCalls(Record, frozen=True, kw_only=True):
    """Calls of one cell that lie far from its others. They stay in every figure.

    Attributes:
        calls: all of the cell's that are in figures.
        tukey, mad: the trials that Tukey's fences flag, and the median absolute deviation.
        median_ms, mean_ms: of the calls' times (cold: Init Duration + Duration).
        median_without_ms, mean_without_ms: the same without what either flags; None: nothing is
            left.
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
        """What either flags."""
        return frozenset((*self.tukey, *self.mad))


class Noise(Record, frozen=True, kw_only=True):
    """How far apart identical work was, and what to do about it.

    Attributes:
        within_log_sd: of the calls of one environment: 0.1 is about 10 %.
        between_log_sd: of environments, beyond what their calls explain.
        drift: the last round's time over the first's, by the straight line through all.
        coefficient: Spearman's, of a round's time with its number: 1 or -1 where it only drifts.
        warning: what is wrong with it; None: nothing.
        next_step: what to do; None where there is no warning.
    """

    within_log_sd: float | None
    between_log_sd: float
    drift: float
    coefficient: float
    warning: str | None = None
    next_step: str | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """A variant against the reference: one call of one case at one tier.

    Attributes:
        reference: the workload's first variant that has figures and is no exhibit.
        environments: rounds in which both were measured; the others are in no ratio.
        needed, needed_for_cost: environments from which on there is an interval.
        ratio: of environment medians of Duration (cold: Init Duration + Duration), Huber's estimate
            of location over rounds.
        interval: of it; None below `needed`.
        cost_ratio, cost_interval: of untrimmed means of billed ms.
        detectable: the smallest change that a run like this finds four times of five, as a share
            (0.03: 3 %); None below `needed`.
        cost_detectable: of billed ms; None below `needed_for_cost`.
        init: None where no call of the two had an Init Duration: warm calls.
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
    """A high percentile of a cell's times, where the number of environments allows one.

    Attributes:
        share: 0.9, 0.95 or 0.99.
        needed: environments from which on it is told.
        value_ms, low_ms, high_ms: of one call an environment, with its distribution-free 95 %
            interval; None: not enough samples.
    """

    share: float
    environments: int
    needed: int
    value_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None


class StoppingRule(Record, frozen=True, kw_only=True):
    """How a run ends that has as many rounds as it needs; declared before its first round.

    Attributes:
        looks: after how many rounds it is looked at, ascending; the last one is the last round.
        budget_s: what measuring may take, seconds; None: as long as it takes.
    """

    looks: tuple[int, ...]
    budget_s: float | None = None


class Look(Record, frozen=True, kw_only=True):
    """What was seen at one look.

    Attributes:
        level: of its intervals.
        comparisons: how many there were.
        decided: of these, found faster or slower.
        equivalent: and those whose interval holds nothing but a negligible difference.
    """

    rounds: int
    level: float
    comparisons: int
    decided: int
    equivalent: int


class Stopping(Record, frozen=True, kw_only=True):
    """Whether to go on after a round, and why.

    Attributes:
        looks: the declared ones, in rounds; decided upon before the first round.
        level: of this look's intervals; None between looks.
        reason: "decided": every comparison has its verdict; "equivalent": and those without a
            difference are as good as equal; "last-look"; "out-of-budget"; "nothing-to-compare": no
            two variants have figures; None: go on.
        history: the looks so far, oldest first; `made` in stopping.json.
        elapsed_s: what measuring took so far, seconds.
    """

    rounds: int
    looks: tuple[int, ...]
    level: float | None
    stop: bool
    reason: Reason | None = None
    history: tuple[Look, ...] = msgspec.field(default=(), name="made")
    elapsed_s: float = 0.0
