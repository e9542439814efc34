"""Resume an interrupted run: the same plan, under the same conditions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console

from lambdameter import units
from lambdameter.errors import BadInputError, HostError
from lambdameter.measure import plan
from lambdameter.measure.experiment import (
    PreparedRun,
    TargetOpener,
    TargetSetup,
    make_missing_trials,
    names_begin_with,
    open_target,
    provisioned,
    reporting_saved_samples,
)
from lambdameter.measure.inputs import make_datasets, make_packages
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.artifact import Artifact, Dataset
from lambdameter.model.base import Call
from lambdameter.model.sample import Manifest, TargetInfo, Trial


def resume(path: Path, opening: TargetOpener = open_target) -> RunFolder:
    """Make the missing samples of a run.

    Environments that were not finished are measured again, and their earlier samples no longer
    count. What a killed run left on the target is removed first.

    Returns:
        The run folder with all samples.

    Raises:
        BadInputError: the folder is not a run folder, another process uses it, or the workload has
            changed since.
        HostError: the target has changed.
        LambdameterError: as in `experiment.measure`.
    """
    console = Console(stderr=True, highlight=False)
    folder = RunFolder.open(path)
    with folder.alone():
        then, trials = missing_trials(folder, console)
        if trials:
            with (
                reporting_saved_samples(path),
                resumed_run(folder, then, trials, opening, console) as ready,
            ):
                make_missing_trials(ready)
    return folder


def missing_trials(folder: RunFolder, console: Console) -> tuple[Manifest, Sequence[Trial]]:
    """The manifest of a run and its missing trials; the number is printed on stderr.

    Raises:
        BadInputError: the folder cannot be read.
    """
    then = folder.manifest()
    measured = {sample.trial.index for sample in folder.samples().samples}
    trials = () if _has_ended(folder, then) else plan.remaining(then.plan, measured)
    most = "at most " if then.stopping_rule else ""
    line = f"resuming: {most}{len(trials)} of {len(then.plan)} calls are still to be made"
    console.print(line if trials else "this run is already complete")
    return then, trials


@contextmanager
def resumed_run(
    folder: RunFolder,
    then: Manifest,
    trials: Sequence[Trial],
    opening: TargetOpener,
    console: Console,
) -> Iterator[PreparedRun]:
    """Set up a run again for its missing trials; tear all down at the end.

    Raises:
        LambdameterError: as in `resume`.
    """
    datasets = make_datasets(then.workload, then.parameters, then.plan, console)
    _check_datasets(then.datasets, datasets, folder.path)
    with opening(then.conditions) as target:
        architecture = target.info().architecture
        artifacts = make_packages(then.workload, then.plan, architecture, console)
        _check_packages(then.artifacts, artifacts, folder.path)
        now = msgspec.structs.replace(then, artifacts=artifacts, datasets=datasets)
        names = names_begin_with(then.run)
        if leftovers := target.clear(names):
            line = f"removed what this run had left on the target: {', '.join(leftovers)}"
            console.print(line, markup=False, soft_wrap=True)
        # New names, since AWS deletes in the background and keeps the old names as long.
        attempt = f"{names}-{secrets.token_hex(2)}"
        with provisioned(target, now, attempt, console) as site:
            _check_target(then, target.info(), folder.path)
            yield PreparedRun(
                folder, now, trials, TargetSetup(target=target, site=site, console=console)
            )


def _has_ended(folder: RunFolder, manifest: Manifest) -> bool:
    stopping = folder.stopping() if manifest.stopping_rule else None
    return stopping is not None and stopping.stop


def _check_datasets(then: dict[Call, Dataset], now: dict[Call, Dataset], path: Path) -> None:
    for call, dataset in now.items():
        if dataset.expected != then[call].expected:
            raise BadInputError(
                "The generator makes other data than when the run was started",
                place=str(path),
                next_step="Start a new run: samples of different data are never mixed.",
            )


def _check_packages(then: tuple[Artifact, ...], now: tuple[Artifact, ...], path: Path) -> None:
    before = {artifact.variant: artifact.sha256 for artifact in then}
    for artifact in now:
        if before[artifact.variant] != artifact.sha256:
            raise BadInputError(
                f"The code of the variant {artifact.variant} has changed since the "
                f"run was started ({units.megabytes(artifact.zip_bytes)} now)",
                place=str(path),
                next_step="Start a new run: samples of different code are never mixed.",
            )


def _check_target(manifest: Manifest, now: TargetInfo, path: Path) -> None:
    if now != manifest.target:
        raise HostError(
            "The target has changed since the run was started: what it enforces, "
            "its engines, its runtimes or its models differ",
            place=f"{path}: target",
            next_step="Resume on the host where the run was started, or start a new run.",
        )
