"""A run with `--rounds auto`: measured round by round, with looks at declared rounds.

Warm calls decide; in a run without warm calls, the cold ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from rich.console import Console

from lambdameter import units
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.base import Call
from lambdameter.model.comparison import Comparison, Look, Stopping
from lambdameter.model.sample import Manifest, Trial
from lambdameter.stats import sequential
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases

Make = Callable[[Sequence[Trial]], None]


def until_decided(  # noqa: PLR0913, PLR0917 - what it measures with, and what it is looked at with
    folder: RunFolder,
    manifest: Manifest,
    trials: Sequence[Trial],
    make: Make,
    console: Console,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Measure round after round until the stopping rule ends the run.

    After each round the decision is on disk, so that an interrupted run can be resumed.

    Args:
        folder: the run folder.
        manifest: a manifest with a stopping rule.
        trials: the trials of the plan that were not made yet.
        make: makes trials.
        console: gets a line for each look.
        clock: seconds.
    """
    rule, before = manifest.stopping_rule, folder.stopping()
    if rule is None or (before is not None and before.stop):
        return
    began = clock() - (before.elapsed_s if before else 0.0)
    for number in range(before.rounds if before else 0, rule.looks[-1]):
        make([trial for trial in trials if trial.round == number])
        elapsed_s = clock() - began
        # Another round is expected to take as long as the previous ones.
        after_next_s = elapsed_s * (number + 2) / (number + 1)
        now = sequential.look(
            number + 1,
            lambda level: compared(folder, manifest, level),
            time_left=rule.budget_s is None or after_next_s <= rule.budget_s,
            looks=rule.looks,
        )
        history = (*(before.history if before else ()), *now.history)
        before = msgspec.structs.replace(now, history=history, elapsed_s=elapsed_s)
        folder.stop(before)
        for look in now.history:
            console.print(_progress_line(look), markup=False, soft_wrap=True)
        if now.stop:
            return


def compared(folder: RunFolder, manifest: Manifest, level: float) -> list[Comparison]:
    """The comparisons that decide, at a confidence level, from the samples in the folder."""
    samples = folder.samples().samples
    call: Call = "warm" if any(trial.call == "warm" for trial in manifest.plan) else "cold"
    at = Stopping(rounds=0, looks=(), level=level, stop=False)
    equality = cases(samples, manifest.workload.equality)
    comparisons = summarise(manifest, samples, equality, at).comparisons
    return [comparison for comparison in comparisons if comparison.call == call]


def _progress_line(look: Look) -> str:
    equal = f", of which {look.equivalent} practically equal" if look.equivalent else ""
    return (
        f"checked after {units.count(look.rounds, 'round')}: {look.decided} of "
        f"{units.count(look.comparisons, 'comparison')} decided{equal}"
    )
