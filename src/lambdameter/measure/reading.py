"""A run folder -> Run: every figure is recomputed from the samples."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console

from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.cost import price_list
from lambdameter.cost.bill import bill_run
from lambdameter.measure import run_folder
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.claim import ClaimSource
from lambdameter.model.comparison import Stopping
from lambdameter.model.sample import Manifest
from lambdameter.stats import sequential
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases


def read(folder: RunFolder, published: tuple[ClaimSource, ...] = ()) -> Run:
    """Read a run.

    Args:
        folder: the run folder.
        published: texts whose figures may stand beside the run's.

    Raises:
        BadInputError: the folder cannot be read.
    """
    manifest = folder.manifest()
    stored = folder.samples()
    if stored.truncated:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"warning: the last sample in {folder.path} is incomplete and was "
            "ignored; continue the run with `lambdameter run --resume "
            f"{folder.path}`",
            markup=False,
        )
    equality = cases(stored.samples, manifest.workload.equality)
    summary = summarise(manifest, stored.samples, equality, _stopping(manifest, folder))
    return Run(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=stored.samples,
        claims=published,
        folder=str(folder.path),
        outliers=frozenset(trial for flagged in summary.flagged for trial in flagged.trials),
    )


def read_sweep(path: Path, published: tuple[ClaimSource, ...] = ()) -> LatencySweep:
    """Read a sweep and its runs; arguments and errors as in `read`."""
    record = run_folder.read_sweep(path)
    return LatencySweep(
        record=record,
        runs=tuple(read(RunFolder.open(path / swept.folder), published) for swept in record.runs),
        folder=str(path),
    )


def _stopping(manifest: Manifest, folder: RunFolder) -> Stopping | None:
    """State of a run with `--rounds auto`.

    An interrupted run gets one undeclared look. No data chose that look, so its level may spend all
    that is left.
    """
    if manifest.stopping_rule is None:
        return None
    stopping = folder.stopping()
    if stopping is None or stopping.stop:
        return stopping
    level = sequential.last_level(stopping.rounds, stopping.looks)
    return msgspec.structs.replace(stopping, level=level)
