"""The progress of a run on stderr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lambdameter import units
from lambdameter.model.artifact import Dataset
from lambdameter.model.base import Call
from lambdameter.model.sample import Sample, Trial

# The start of a cold call takes about as long as this many records.
_START_IN_RECORDS = 1_000


def weights(datasets: Mapping[Call, Dataset]) -> dict[Call, int]:
    """The approximate work of each call, in records."""
    return {
        call: max(expected.count for expected in dataset.expected.values()) + _START_IN_RECORDS
        for call, dataset in datasets.items()
    }


class ProgressBar:
    """A bar with the time left on a terminal; a line for each sample elsewhere.

    Attributes:
        where: text after each trial, to tell several runs apart: " at 3 ms".
    """

    def __init__(
        self,
        plan: Sequence[Trial],
        datasets: Mapping[Call, Dataset],
        console: Console,
        *,
        at_most: bool = False,
    ) -> None:
        self._weights = weights(datasets)
        self.where = ""
        self._console = console
        self._count = f"at most {len(plan)}" if at_most else str(len(plan))
        self._done = 0
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", style="bold"),
            BarColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("time left: at most" if at_most else "time left: about"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            # One trial may take half a minute: the speed is that of the whole run so far.
            speed_estimate_period=3_600,
        )
        self._task = self._bar.add_task(
            "measuring", total=sum(self._weights[trial.call] for trial in plan)
        )

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self._bar.stop()

    def started(self, trial: Trial) -> None:
        """Show the trial."""
        self._bar.update(self._task, description=f"measuring {self._name(trial)}")

    def finished(self, sample: Sample) -> None:
        """Advance the bar; outside of a terminal, print a line with the result."""
        self._bar.advance(self._task, self._weights[sample.trial.call])
        if not self._console.is_terminal:
            line = f"{self._name(sample.trial)}: {_outcome(sample)}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._done += 1

    def _name(self, trial: Trial) -> str:
        return (
            f"{self._done + 1}/{self._count} {trial.variant} {trial.case}"
            f" {trial.memory_mb} MB {trial.call}{self.where}"
        )


def _outcome(sample: Sample) -> str:
    """The Duration, or why the sample has none that counts."""
    if sample.error is not None:
        return sample.error.type
    if sample.equality is not None and not sample.equality.equal:
        return "NOT EQUAL to what must be there"
    return units.time(sample.report.duration_ms if sample.report else None)
