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
    kept = folder.samples()
    if kept.truncated:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"warning: the last sample in {folder.path} is incomplete and was "
            "ignored; continue the run with `lambdameter run --resume "
            f"{folder.path}`",
            markup=False,
        )
    equality = cases(kept.samples, manifest.workload.equality)
    summary = summarise(manifest, kept.samples, equality, _stopping(manifest, folder))
    return ReportInput(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=kept.samples,
        claims=published,
        folder=str(folder.path),
        outliers=frozenset(trial for one in summary.flagged for trial in one.trials),
    )


def read_sweep(path: Path, published: tuple[ClaimSource, ...] = ()) -> SweepInput:
    """Everything that a sweep's report is made from; `published` as for `read`."""
    sweep = run_folder.read_sweep(path)
    return SweepInput(
        sweep=sweep,
        runs=tuple(read(RunFolder.open(path / one.folder), published) for one in sweep.runs),
        folder=str(path),
    )


def _stopping(manifest: Manifest, folder: RunFolder) -> Stopping | None:
    """Where a run stands that ends by itself; one that was interrupted is looked at as it is.

    That look was not declared, but no data chose it: it may spend what is left.
    """
    if manifest.stopping_rule is None:
        return None
    found = folder.stopping()
    if found is None or found.stop:
        return found
    level = sequential.last_level(found.rounds, found.looks)
    return msgspec.structs.replace(found, level=level)
