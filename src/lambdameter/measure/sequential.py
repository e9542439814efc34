"""A run of as many rounds as it needs: measured round by round, and looked at when it was declared.

What decides are the warm calls; where a run has none, the cold ones.
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
    """Make one round after the other; what is to be done next is on disk after each.

    Args:
        folder: where samples go, and where a run that was interrupted left its last round.
        manifest: with a stopping rule.
        trials: those of the plan that were not made.
        make: makes trials.
        console: is told of each look.
        clock: seconds.
    """
    rule, before = manifest.stopping_rule, folder.stopping()
    if rule is None or (before is not None and before.stop):
        return
    began = clock() - (before.elapsed_s if before else 0.0)
    for number in range(before.rounds if before else 0, rule.looks[-1]):
        make([trial for trial in trials if trial.round == number])
        elapsed_s = clock() - began
        # Another round takes what those before it took.
        after_next_s = elapsed_s * (number + 2) / (number + 1)
        now = sequential.look(
            number + 1,
            lambda level: compared(folder, manifest, level),
            time_left=rule.budget_s is None or after_next_s <= rule.budget_s,
            looks=rule.looks,
        )
        history = (*(before.made if before else ()), *now.made)
        before = msgspec.structs.replace(now, made=history, elapsed_s=elapsed_s)
        folder.stop(before)
        for look in now.made:
            console.print(_told(look), markup=False, soft_wrap=True)
        if now.stop:
            return


def compared(folder: RunFolder, manifest: Manifest, level: float) -> list[Comparison]:
    """The comparisons that decide, at a level, by what is in the folder."""
    samples = folder.samples().samples
    call: Call = "warm" if any(trial.call == "warm" for trial in manifest.plan) else "cold"
    at = Stopping(rounds=0, looks=(), level=level, stop=False)
    equality = cases(samples, manifest.workload.equality)
    comparisons = summarise(manifest, samples, equality, at).comparisons
    return [comparison for comparison in comparisons if comparison.call == call]


def _told(look: Look) -> str:
    equal = f", of which {look.equivalent} practically equal" if look.equivalent else ""
    return (
        f"checked after {units.count(look.rounds, 'round')}: {look.decided} of "
        f"{units.count(look.comparisons, 'comparison')} decided{equal}"
    )
