"""Goes on with a run that was interrupted: the same plan, under the same conditions."""

from __future__ import annotations

import secrets
from pathlib import Path

from rich.console import Console

from lambdameter import plan, units
from lambdameter.cli.experiment import (
    Opening,
    Place,
    fill,
    make_datasets,
    make_packages,
    open_target,
    provisioned,
    telling_what_is_kept,
)
from lambdameter.errors import BadInputError, HostError
from lambdameter.model import Artifact, Call, Dataset, Manifest, TargetInfo
from lambdameter.samples import RunFolder
from lambdameter.target.provision import Needs


def resume(path: Path, opening: Opening = open_target) -> RunFolder:
    """Make the samples that a run still lacks; the folder that holds them all.

    An environment that was not finished is begun anew; its samples count instead of those that
    it left.

    Raises:
        BadInputError: the folder is no run, or the workload has changed since.
        HostError: the target is not what it was.
        LambdameterError: as in `experiment.measure`.
    """
    console = Console(stderr=True, highlight=False)
    folder = RunFolder.open(path)
    manifest = folder.manifest()
    made = {sample.trial.index for sample in folder.samples().samples}
    trials = plan.remaining(manifest.plan, made)
    if not trials:
        console.print("nothing is left to measure in this run")
        return folder
    console.print(f"resuming: {len(trials)} of {len(manifest.plan)} calls are to be made")
    workload = manifest.workload
    datasets = make_datasets(workload, manifest.parameters, manifest.plan, console)
    _check_datasets(manifest.datasets, datasets, path)
    with telling_what_is_kept(path, console), opening(manifest.conditions) as target:
        architecture = target.info().architecture
        artifacts = make_packages(workload, manifest.plan, architecture, console)
        _check_packages(manifest.artifacts, artifacts, path)
        needs = Needs(
            # Not the run's own prefix: on AWS, what a killed run made may still be there.
            prefix=f"lambdameter-{manifest.run}-{secrets.token_hex(2)}",
            workload=workload,
            artifacts=artifacts,
            datasets=datasets,
            memory_mb=manifest.memory_mb[0],
        )
        with provisioned(target, needs, console) as site:
            _check_target(manifest, target.info(), path)
            fill(folder, manifest, trials, Place(target=target, site=site, console=console))
    return folder


def _check_datasets(then: dict[Call, Dataset], now: dict[Call, Dataset], path: Path) -> None:
    for call, dataset in now.items():
        if dataset.expected != then[call].expected:
            raise BadInputError(
                "The generator makes other data than when the run began",
                place=str(path),
                next_step="Start a new run: samples of different data are never mixed.",
            )


def _check_packages(then: tuple[Artifact, ...], now: tuple[Artifact, ...], path: Path) -> None:
    before = {artifact.variant: artifact.sha256 for artifact in then}
    for artifact in now:
        if before[artifact.variant] != artifact.sha256:
            raise BadInputError(
                f"The code of the variant {artifact.variant} is not what it was when the run "
                f"began ({units.megabytes(artifact.zip_bytes)} now)",
                place=str(path),
                next_step="Start a new run: samples of different code are never mixed.",
            )


def _check_target(manifest: Manifest, now: TargetInfo, path: Path) -> None:
    if now != manifest.target:
        raise HostError(
            "The target is not what it was when the run began: what it enforces, its engines, "
            "its runtimes or its models differ",
            place=f"{path}: target",
            next_step="Resume where the run began, or start a new one.",
        )
