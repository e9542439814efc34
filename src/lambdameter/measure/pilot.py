"""How often everything is measured, and what that will take: told before it starts.

A short trial beforehand times one environment of every cell. It is in no figure, and it is not made
where it would take more than a tenth of a run whose numbers were all said.
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
    Cell,
    Pace,
    Repetition,
    Said,
    pace,
)
from lambdameter.measure.progress import weights
from lambdameter.measure.runner import Progress
from lambdameter.model.base import Call
from lambdameter.model.sample import Manifest, Sample, Trial
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.model.workload import Workload

# After so long no further environment is tried: the others are taken to be like these.
TRIAL_S = 30.0
# A warm call that has more than so many times a cold one's work is not tried.
_MUCH = 2
# A trial may take this part of a run whose numbers were all said.
_WORTH = 0.1
# And this part of a budget is for the rounds up to the first look: the trial may have been quick.
_FIRST_LOOK = 0.8

Make = Callable[[Sequence[Trial], Callable[[Sample], None], Progress], None]


class Tried(NamedTuple):
    """What a round takes, by the trial beforehand; `usd` on AWS alone."""

    seconds: Pace
    usd: Pace | None


class _Stopwatch:
    """How long each trial takes, with its environment and its table."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[tuple[Cell, Call], float] = {}
        self._clock = clock
        self._began = 0.0

    def started(self, _: Trial) -> None:
        """Start."""
        self._began = self._clock()

    def finished(self, sample: Sample) -> None:
        """Stop."""
        self.seconds[_place(sample.trial)] = self._clock() - self._began


def requested(workload: Workload, rounds: int | None, warm_calls: int | None) -> Said:
    """The user's numbers before the workload's own."""
    return Said(
        rounds=workload.rounds if rounds is None else rounds,
        warm_calls=workload.warm_calls if warm_calls is None else warm_calls,
    )


def check_comparable(workload: Workload, draft: Sequence[Trial]) -> None:
    """Whether a run could be decided at all.

    Raises:
        BadInputError: it has nothing to compare.
    """
    ran = {trial.variant for trial in draft}
    candidates = [
        variant for variant in workload.variants if variant.name in ran and variant.exhibit is None
    ]
    if len(ran) < 2 or not candidates:  # noqa: PLR2004 - a pair
        raise BadInputError(
            "With --rounds auto, a run needs two variants to compare",
            place="--rounds auto",
            next_step="Give two variants with --variants, or give a number of rounds.",
        )


def settle(
    wanted: Said,
    manifest: Manifest,
    make: Make,
    console: Console,
    clock: Callable[[], float] = time.monotonic,
) -> Repetition:
    """How often, after a trial where it is worth one; stderr is told what to expect.

    Args:
        wanted: what was said.
        manifest: with a plan that makes what was said, or the protocol's numbers.
        make: makes trials whose samples are not kept.
        console: stderr.
        clock: seconds.
    """
    rule = manifest.stopping_rule
    if rule is not None:
        wanted = Said(rounds=rule.looks[0], warm_calls=wanted.warm_calls)
    pilot = _pilot(wanted, manifest)
    tried = None
    if pilot:
        with console.status("calling each variant once, to estimate how long the run will take"):
            tried = _tried(pilot, manifest, make, clock)
    budget_s = rule.budget_s if rule else None
    room_s = LONGEST_S if budget_s is None else min(LONGEST_S, _FIRST_LOOK * budget_s)
    repetition = wanted.fitting(tried.seconds if tried else None, room_s)
    for line in _expected(wanted, manifest, repetition, tried):
        console.print(line, markup=False, soft_wrap=True)
    if rule is None:
        return repetition
    return Repetition(rounds=rule.looks[-1], warm_calls=repetition.warm_calls)


def _pilot(wanted: Said, manifest: Manifest) -> list[Trial]:
    """One environment of each cell; without a warm call where that is asked for more work."""
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
    is_said = wanted.rounds is not None and wanted.warm_calls is not None
    if is_said and manifest.target.name == "local" and weight > _WORTH * whole:
        return []
    return pilot


def _tried(
    pilot: Sequence[Trial], manifest: Manifest, make: Make, clock: Callable[[], float]
) -> Tried:
    watch, samples = _Stopwatch(clock), list[Sample]()
    began = clock()
    for _, environment in groupby(pilot, key=lambda trial: trial.environment):
        make(list(environment), samples.append, watch)
        if clock() - began > TRIAL_S:
            break
    cells = len({_place(trial) for trial in pilot if trial.call == "cold"})
    heavy = weights(manifest.datasets)
    heavier = heavy.get("warm", 0) / heavy["cold"]
    usd = None
    if manifest.target.name == "aws":
        usd = pace(
            cells, {_place(sample.trial): _usd(sample, manifest) for sample in samples}, heavier
        )
    return Tried(pace(cells, watch.seconds, heavier), usd)


def _place(trial: Trial) -> tuple[Cell, Call]:
    return (trial.variant, trial.case, trial.memory_mb), trial.call


def _usd(sample: Sample, manifest: Manifest) -> float:
    """What one call is billed; nothing where it left no REPORT."""
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
    wanted: Said, manifest: Manifest, repetition: Repetition, tried: Tried | None
) -> Iterator[str]:
    cells = len({_place(trial) for trial in manifest.plan if trial.call == "cold"})
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
    expected = [] if tried is None else list(_takes(tried, repetition, most))
    if rule is not None and rule.budget_s is not None:
        expected.append(f"at most {units.duration(rule.budget_s)}, the budget")
    yield f"{line}: {', '.join(expected)}" if expected else line
    if repetition != wanted.fitting():
        yield (
            f"these are fewer calls than {ROUNDS} x {WARM_CALLS}, to keep the run "
            "short; --cold and --warm set other numbers"
        )


def _takes(tried: Tried, repetition: Repetition, most: Repetition) -> Iterator[str]:
    def span(of: Pace, form: Callable[[float], str]) -> str:
        least, last = form(of.takes(repetition)), form(of.takes(most))
        return f"about {least}" if repetition == most else f"about {least} to {last}"

    yield span(tried.seconds, units.duration)
    if tried.usd is not None:
        yield span(tried.usd, lambda usd: f"${units.number(usd)}")
