"""A run folder -> everything that a report is made from, recomputed from its samples."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console

from lambdameter.cost import price_list
from lambdameter.cost.bill import bill_run
from lambdameter.measure import run_folder
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.claim import ClaimSource
from lambdameter.model.comparison import Stopping
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import Manifest
from lambdameter.model.sweep import SweepInput
from lambdameter.stats import sequential
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases


def read(folder: RunFolder, published: tuple[ClaimSource, ...] = ()) -> ReportInput:
    """Everything that a report is made from.

    Args:
        folder: the run's.
        published: texts whose figures may stand beside the run's.
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
    return ReportInput(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=stored.samples,
        claims=published,
        folder=str(folder.path),
        outliers=frozenset(trial for flagged in summary.flagged for trial in flagged.trials),
    )


def read_sweep(path: Path, published: tuple[ClaimSource, ...] = ()) -> SweepInput:
    """Everything that a sweep's report is made from; `published` as for `read`."""
    sweep = run_folder.read_sweep(path)
    return SweepInput(
        sweep=sweep,
        runs=tuple(read(RunFolder.open(path / swept.folder), published) for swept in sweep.runs),
        folder=str(path),
    )


def _stopping(manifest: Manifest, folder: RunFolder) -> Stopping | None:
    """Where a run stands that ends by itself; one that was interrupted is looked at as it is.

    That look was not declared, but no data chose it: it may spend what is left.
    """
    if manifest.stopping_rule is None:
        return None
    stopping = folder.stopping()
    if stopping is None or stopping.stop:
        return stopping
    level = sequential.last_level(stopping.rounds, stopping.looks)
    return msgspec.structs.replace(stopping, level=level)
