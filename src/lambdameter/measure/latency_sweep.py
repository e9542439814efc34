"""One experiment at several latencies of the services: a run for each, measured in turn."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from lambdameter.emulator.services import latency
from lambdameter.errors import BadInputError
from lambdameter.measure import run_folder
from lambdameter.measure.experiment import (
    Called,
    Opening,
    PreparedRun,
    RunOptions,
    call,
    carry_out,
    open_target,
    prepared_run,
    telling_what_is_kept,
)
from lambdameter.measure.progress import ProgressBar
from lambdameter.measure.resume import lacking, taken_up
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sweep import Sweep, SweptRun
from lambdameter.model.workload import Workload


def medians(typed: str | None) -> tuple[str, ...]:
    """The latencies of `--latency 0,3,6`, in ms; empty: one model is asked for, or none.

    Raises:
        BadInputError: one of them is missing, no latency, or there twice; or there is no such
            model.
    """
    # Not Path.exists: that fails at what is too long for a name.
    if typed is None or typed == latency.OFF or os.path.exists(typed):  # noqa: PTH110
        return ()
    if "," not in typed:
        if latency.median_ms(typed) is None:
            raise BadInputError(
                f"{typed!r} is neither a latency nor an existing file",
                place="--latency",
                next_step="Give ms (6), several (0,3,6,10), `off`, or a model file.",
            )
        return ()
    by_median: dict[float, str] = {}
    for item in typed.split(","):
        median_ms = latency.median_ms(item)
        if median_ms is None or median_ms in by_median:
            raise BadInputError(
                f"The latency {item.strip()} is given twice"
                if median_ms is not None
                else f"{item.strip()!r} is not a latency"
                if item.strip()
                else f"A latency is missing in {typed!r}",
                place="--latency",
                next_step="Give each latency once, in ms and separated by commas, for "
                "instance 0,3,6,10.",
            )
        by_median[median_ms] = f"{median_ms:.10g}"
    return tuple(by_median.values())


def measure_sweep(
    workload: Workload,
    options: RunOptions,
    latencies: Sequence[str],
    opening: Opening = open_target,
) -> Path:
    """Make every sample at every latency; the folder that holds a run for each.

    All targets stand at the same time, and each round is made at every latency before the next
    one, so that a drift of the host falls on all of them alike.

    Raises:
        LambdameterError: as in `experiment.measure`.
    """
    console = Console(stderr=True, highlight=False)
    called = call(workload, options.out)
    run_folder.check_unused(called.path)
    console.print(f"at each of {len(latencies)} latencies:")
    with telling_what_is_kept(called.path), ExitStack() as stack:
        runs: list[PreparedRun] = []
        # The slowest first: how often, where nobody said, is what it has the time for.
        for number, latency_ms in enumerate(sorted(latencies, key=float, reverse=True)):
            run_options = msgspec.structs.replace(_as_often(options, runs), latency=latency_ms)
            name = Called(f"{called.run}-{number}", called.path / _folder(latency_ms))
            # What the host lacks, and how long it takes, is the same for all: it is said once.
            notices = Console(stderr=True, highlight=False, quiet=number > 0)
            run = prepared_run(workload, run_options, name, opening, notices)
            runs.append(stack.enter_context(run))
        sweep = Sweep(
            schema=run_folder.SCHEMA,
            run=called.run,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            workload=workload.name,
            seed=options.seed,
            runs=tuple(
                SweptRun(latency_ms=float(latency_ms), folder=_folder(latency_ms))
                for latency_ms in latencies
            ),
        )
        run_folder.write_sweep(called.path, sweep)
        _fill_in_turn(runs, options.seed, console)
    return called.path


def resume_sweep(path: Path, opening: Opening = open_target) -> Path:
    """Make the samples that the runs of a sweep still lack, in turn.

    Raises:
        LambdameterError: as in `resume.resume`, for each of its runs.
    """
    console = Console(stderr=True, highlight=False)
    sweep = run_folder.read_sweep(path)
    with ExitStack() as stack:
        folders = [RunFolder.open(path / swept.folder) for swept in sweep.runs]
        for folder in folders:
            stack.enter_context(folder.alone())
        unfinished = [(folder, *lacking(folder, console)) for folder in folders]
        stack.enter_context(telling_what_is_kept(path))
        runs = [
            stack.enter_context(taken_up(folder, then, trials, opening, console))
            for folder, then, trials in unfinished
            if trials
        ]
        if runs:
            _fill_in_turn(runs, sweep.seed, console)
    return path


def _as_often(options: RunOptions, runs: Sequence[PreparedRun]) -> RunOptions:
    """With the numbers of the run that was prepared first."""
    if not runs:
        return options
    trials = runs[0].manifest.plan
    calls = sum(trial.environment == 0 for trial in trials)
    rounds = 1 + max(trial.round for trial in trials)
    return msgspec.structs.replace(options, cold=rounds, warm=calls - 1)


def _folder(latency_ms: str) -> str:
    return f"latency-{latency_ms}"


def _fill_in_turn(runs: Sequence[PreparedRun], seed: int, console: Console) -> None:
    every = [trial for run in runs for trial in run.trials]
    with ProgressBar(every, runs[0].manifest.datasets, console) as telling:
        for run in in_turn(runs, seed):
            telling.where = f" at {run.manifest.conditions.latency} ms"
            carry_out(run, telling)


def in_turn(runs: Iterable[PreparedRun], seed: int) -> Iterator[PreparedRun]:
    """Each round of each run by itself: the same round of all runs in random order, then the next.

    Args:
        runs: whose trials are to be made.
        seed: of that order.
    """
    order = list(runs)
    shuffle = random.Random(seed).shuffle  # noqa: S311 - an order, no secret
    for number in sorted({trial.round for run in order for trial in run.trials}):
        shuffle(order)
        for run in order:
            mine = [trial for trial in run.trials if trial.round == number]
            if mine:
                yield run._replace(trials=mine)
