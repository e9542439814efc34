"""How often each cell is measured, and the expected time and cost, printed before the run.

A short pilot run times one environment of every cell. No figure includes its samples. It is omitted
if it would take more than a tenth of a run whose numbers were all requested.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from rich.console import Console

from lambdameter import units
from lambdameter.cost import price_list
from lambdameter.cost.bill import bill_cell
from lambdameter.errors import BadInputError
from lambdameter.measure.plan import (
    LONGEST_S,
    ROUNDS,
    WARM_CALLS,
    Pace,
    Repetition,
    RequestedRepetition,
    pace,
)
from lambdameter.measure.progress import weights
from lambdameter.measure.runner import Progress
from lambdameter.model.base import CallKey
from lambdameter.model.sample import Manifest, Sample, Trial
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.model.workload import Workload

# After this time the pilot run starts no further environment: the others are taken to be alike.
TRIAL_S = 30.0
# The pilot run omits warm calls with more than this many times the work of a cold call.
_MUCH = 2
# The largest share of a run that a pilot run may take if all numbers were requested.
_WORTH = 0.1
# The share of a budget for the rounds up to the first look: the pilot run may have been fast.
_FIRST_LOOK = 0.8

Make = Callable[[Sequence[Trial], Callable[[Sample], None], Progress], None]


class RoundCost(NamedTuple):
    """The cost of a round, estimated by the pilot run; `usd` only on AWS."""

    seconds: Pace
    usd: Pace | None


class _Stopwatch:
    """The time of each trial, with its environment and its table."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[CallKey, float] = {}
        self._clock = clock
        self._began = 0.0

    def started(self, _: Trial) -> None:
        """Start."""
        self._began = self._clock()

    def finished(self, sample: Sample) -> None:
        """Stop."""
        self.seconds[sample.trial.key, sample.trial.call] = self._clock() - self._began


def requested(
    workload: Workload, rounds: int | None, warm_calls: int | None
) -> RequestedRepetition:
    """The user's numbers, otherwise the workload's."""
    return RequestedRepetition(
        rounds=workload.rounds if rounds is None else rounds,
        warm_calls=workload.warm_calls if warm_calls is None else warm_calls,
    )


def check_comparable(workload: Workload, draft: Sequence[Trial]) -> None:
    """Check that a run with `--rounds auto` has variants to compare.

    Raises:
        BadInputError: there are fewer than two variants, or no candidate.
    """
    ran = {trial.variant for trial in draft}
    candidates = [
        variant
        for variant in workload.variants
        if variant.name in ran and variant.not_a_candidate is None
    ]
    if len(ran) < 2 or not candidates:  # noqa: PLR2004 - a pair
        raise BadInputError(
            "With --rounds auto, a run needs two variants to compare",
            place="--rounds auto",
            next_step="Give two variants with --variants, or give a number of rounds.",
        )


def settle(
    wanted: RequestedRepetition,
    manifest: Manifest,
    make: Make,
    console: Console,
    clock: Callable[[], float] = time.monotonic,
) -> Repetition:
    """Decide how often to measure, after a pilot run if it is worth its time.

    Args:
        wanted: the requested numbers.
        manifest: a manifest whose plan has the requested or the default numbers.
        make: makes trials without keeping their samples.
        console: gets the expected time and cost.
        clock: seconds.
    """
    rule = manifest.stopping_rule
    if rule is not None:
        wanted = RequestedRepetition(rounds=rule.looks[0], warm_calls=wanted.warm_calls)
    pilot = _pilot(wanted, manifest)
    cost = None
    if pilot:
        with console.status("calling each variant once, to estimate how long the run will take"):
            cost = _estimated(pilot, manifest, make, clock)
    budget_s = rule.budget_s if rule else None
    room_s = LONGEST_S if budget_s is None else min(LONGEST_S, _FIRST_LOOK * budget_s)
    repetition = wanted.fitting(cost.seconds if cost else None, room_s)
    for line in _expected(wanted, manifest, repetition, cost):
        console.print(line, markup=False, soft_wrap=True)
    if rule is None:
        return repetition
    return Repetition(rounds=rule.looks[-1], warm_calls=repetition.warm_calls)


def _pilot(wanted: RequestedRepetition, manifest: Manifest) -> list[Trial]:
    """The trials of the pilot run: one environment of each cell; empty where it is omitted."""
    heavy = weights(manifest.datasets)
    with_warm = wanted.warm_calls != 0 and heavy["warm"] <= _MUCH * heavy["cold"]
    first = [trial for trial in manifest.plan if trial.round == 0]
    calls = 2 if with_warm else 1
    pilot = [
        trial
        for _, environment in groupby(first, key=lambda trial: trial.environment)
        for trial in list(environment)[:calls]
    ]
    weight = heavy["cold"] + (heavy["warm"] if with_warm else 0)
    whole = Pace(cold=heavy["cold"], warm=heavy.get("warm", 0)).takes(wanted.fitting())
    is_requested = wanted.rounds is not None and wanted.warm_calls is not None
    if is_requested and manifest.target.name == "local" and weight > _WORTH * whole:
        return []
    return pilot


def _estimated(
    pilot: Sequence[Trial], manifest: Manifest, make: Make, clock: Callable[[], float]
) -> RoundCost:
    watch, samples = _Stopwatch(clock), list[Sample]()
    began = clock()
    for _, environment in groupby(pilot, key=lambda trial: trial.environment):
        make(list(environment), samples.append, watch)
        if clock() - began > TRIAL_S:
            break
    cells = len({trial.key for trial in pilot if trial.call == "cold"})
    heavy = weights(manifest.datasets)
    heavier = heavy.get("warm", 0) / heavy["cold"]
    usd = None
    if manifest.target.name == "aws":
        bills = {
            (sample.trial.key, sample.trial.call): _usd(sample, manifest) for sample in samples
        }
        usd = pace(cells, bills, heavier)
    return RoundCost(pace(cells, watch.seconds, heavier), usd)


def _usd(sample: Sample, manifest: Manifest) -> float:
    """The bill of one call, USD; 0 without a REPORT."""
    billed = CallSummary(
        n=1,
        errors=0,
        mean_billed_ms=sample.report.billed_ms if sample.report else None,
        write_units=sample.equality.write_units if sample.equality else None,
    )
    trial, conditions = sample.trial, manifest.conditions
    cell = CellSummary(
        variant=trial.variant, case=trial.case, memory_mb=trial.memory_mb, warm=billed
    )
    prices = price_list.latest().regions[conditions.region]
    bill = bill_cell(cell, prices, conditions.architecture, manifest.workload.service_use)
    return float(bill.run_usd) if bill else 0.0


def _expected(
    wanted: RequestedRepetition, manifest: Manifest, repetition: Repetition, cost: RoundCost | None
) -> Iterator[str]:
    cells = len({trial.key for trial in manifest.plan if trial.call == "cold"})
    rule = manifest.stopping_rule
    rounds = units.count(repetition.rounds, "round")
    if rule is not None:
        rounds = f"{repetition.rounds} to {rule.looks[-1]} rounds"
    warm = f" and {units.count(repetition.warm_calls, 'warm call')}"
    line = f"{rounds} of {units.count(cells, 'environment')}, each with a cold call"
    line += warm if repetition.warm_calls else ""
    most = Repetition(
        rounds=rule.looks[-1] if rule else repetition.rounds, warm_calls=repetition.warm_calls
    )
    expected = [] if cost is None else list(_takes(cost, repetition, most))
    if rule is not None and rule.budget_s is not None:
        expected.append(f"at most {units.duration(rule.budget_s)}, the budget")
    yield f"{line}: {', '.join(expected)}" if expected else line
    if repetition != wanted.fitting():
        yield (
            f"these are fewer calls than {ROUNDS} x {WARM_CALLS}, to keep the run "
            "short; --cold and --warm set other numbers"
        )


def _takes(cost: RoundCost, repetition: Repetition, most: Repetition) -> Iterator[str]:
    def span(of: Pace, form: Callable[[float], str]) -> str:
        least, last = form(of.takes(repetition)), form(of.takes(most))
        return f"about {least}" if repetition == most else f"about {least} to {last}"

    yield span(cost.seconds, units.duration)
    if cost.usd is not None:
        yield span(cost.usd, lambda usd: f"${units.number(usd)}")
