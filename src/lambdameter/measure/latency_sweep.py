"""One experiment at several service latencies: a run for each latency, measured in turn."""

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
    PreparedRun,
    RunName,
    RunOptions,
    TargetOpener,
    make_trials,
    name_run,
    open_target,
    prepared_run,
    reporting_saved_samples,
)
from lambdameter.measure.progress import ProgressBar
from lambdameter.measure.resume import missing_trials, resumed_run
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sweep import Sweep, SweptRun
from lambdameter.model.workload import Workload


def medians(typed: str | None) -> tuple[str, ...]:
    """The latencies of `--latency 0,3,6`, in ms; empty for a single latency or model file.

    Raises:
        BadInputError: a latency is missing, not valid or given twice, or the file does not exist.
    """
    # Not Path.exists, which fails if the text is too long for a file name.
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
    opening: TargetOpener = open_target,
) -> Path:
    """Measure a workload at every latency.

    All targets run at the same time, and each round is made at every latency before the next round
    begins, so that a drift of the host affects all latencies alike.

    Returns:
        The sweep's folder, with a run folder for each latency.

    Raises:
        LambdameterError: as in `experiment.measure`.
    """
    console = Console(stderr=True, highlight=False)
    sweep_name = name_run(workload, options.out)
    run_folder.check_unused(sweep_name.path)
    console.print(f"at each of {len(latencies)} latencies:")
    with reporting_saved_samples(sweep_name.path), ExitStack() as stack:
        runs: list[PreparedRun] = []
        # The slowest first: a default number of calls is what the slowest run has time for.
        for number, latency_ms in enumerate(sorted(latencies, key=float, reverse=True)):
            run_options = msgspec.structs.replace(
                _with_numbers_of(runs, options), latency=latency_ms
            )
            path = sweep_name.path / _folder(latency_ms)
            name = RunName(f"{sweep_name.run}-{number}", path)
            # The warnings and the expected time are the same for all runs: they are printed once.
            notices = Console(stderr=True, highlight=False, quiet=number > 0)
            run = prepared_run(workload, run_options, name, opening, notices)
            runs.append(stack.enter_context(run))
        sweep = Sweep(
            schema=run_folder.SCHEMA,
            run=sweep_name.run,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            workload=workload.name,
            seed=options.seed,
            runs=tuple(
                SweptRun(latency_ms=float(latency_ms), folder=_folder(latency_ms))
                for latency_ms in latencies
            ),
        )
        run_folder.write_sweep(sweep_name.path, sweep)
        _fill_in_turn(runs, options.seed, console)
    return sweep_name.path


def resume_sweep(path: Path, opening: TargetOpener = open_target) -> Path:
    """Make the missing samples of a sweep's runs, in turn.

    Raises:
        LambdameterError: as in `resume.resume`, for each of its runs.
    """
    console = Console(stderr=True, highlight=False)
    sweep = run_folder.read_sweep(path)
    with ExitStack() as stack:
        folders = [RunFolder.open(path / swept.folder) for swept in sweep.runs]
        for folder in folders:
            stack.enter_context(folder.alone())
        unfinished = [(folder, *missing_trials(folder, console)) for folder in folders]
        stack.enter_context(reporting_saved_samples(path))
        runs = [
            stack.enter_context(resumed_run(folder, then, trials, opening, console))
            for folder, then, trials in unfinished
            if trials
        ]
        if runs:
            _fill_in_turn(runs, sweep.seed, console)
    return path


def _with_numbers_of(runs: Sequence[PreparedRun], options: RunOptions) -> RunOptions:
    """The options with the numbers of rounds and warm calls of the run that was prepared first."""
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
    with ProgressBar(every, runs[0].manifest.datasets, console) as progress:
        for run in in_turn(runs, seed):
            progress.where = f" at {run.manifest.conditions.latency} ms"
            make_trials(run, progress)


def in_turn(runs: Iterable[PreparedRun], seed: int) -> Iterator[PreparedRun]:
    """Split runs into rounds: the first round of all runs in random order, then the next round.

    Args:
        runs: the runs whose trials are to be made.
        seed: seed of the random order.
    """
    order = list(runs)
    shuffle = random.Random(seed).shuffle  # noqa: S311 - an order, no secret
    for number in sorted({trial.round for run in order for trial in run.trials}):
        shuffle(order)
        for run in order:
            mine = [trial for trial in run.trials if trial.round == number]
            if mine:
                yield run._replace(trials=mine)
