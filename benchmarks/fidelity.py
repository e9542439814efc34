"""How near the local Lambda comes to AWS: its figures against those of C1, C2 and K.

    .venv/bin/python benchmarks/fidelity.py            # about ten minutes, on an idle machine
    .venv/bin/python benchmarks/fidelity.py --runs DIR # from the samples that an earlier one left

Each workload is measured with the CPUs at this host's own speed (the quota alone) and slowed to a
Lambda vCPU's. From the second, what AWS adds (overheads.toml) is fitted, and the error is printed
for the shipped model and for each claim with a model that was fitted to the others alone. The table
goes into docs/fidelity.md.

What is compared: Init Duration, the first call, warm Duration and Max Memory Used of C1; the same
of C2, warm calls of Query and BatchWriteItem alone, since Get and Put are mostly our own latency
model; K's totals at 1,024 MB. What AWS adds for a package is taken for the published package's
size, where the text gives it.
"""

from __future__ import annotations

import argparse
import math
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from lambdameter.claims import library
from lambdameter.emulator import overheads
from lambdameter.emulator.overheads import Overheads
from lambdameter.model import PublishedFigure, Sample
from lambdameter.samples import RunFolder

DOCUMENT = Path(__file__).parents[1] / "docs" / "fidelity.md"
MARK = "<!-- errors -->"
COMMAND = [str(Path(sys.prefix) / "bin" / "lambdameter"), "run"]
MODES = {"host": "quota alone", "lambda": "slow cores"}
WORKLOADS = {
    "squares": ["--cold", "8", "--warm", "10"],
    "dynamodb-ops": ["--cold", "6", "--warm", "10"],
    "etl": ["--cold", "1", "--warm", "2", "--memory", "1024"],
}
IDLE = ("C1", "rust")  # whose calls do nothing: the only ones that tell what an invocation costs
SERVICE_BOUND = {("C2", "get"), ("C2", "put")}
K_MEMORY_MB = 1_024
MEMORY = "max_memory_mb"
TARGET_MEDIAN, TARGET_WORST, TARGET_MEMORY = 0.15, math.log(2), 0.15


class Measured(NamedTuple):
    """The samples of one variant and case: what is needed of them, means."""

    init_ms: float
    first_ms: float
    warm_ms: float
    total_ms: float
    peak_mb: float
    init_peak_mb: float
    package_bytes: int


class Cell(NamedTuple):
    """One published figure and ours, without what AWS adds."""

    figure: PublishedFigure
    ours: Measured

    def modelled(self, model: Overheads | None) -> float:
        """Ours, with what AWS adds."""
        ours = self.ours
        added = model.of(ours.package_bytes, ours.init_peak_mb) if model else None
        if self.figure.metric == "init_ms":
            return ours.init_ms + (added.init_ms if added else 0.0)
        if self.figure.metric == MEMORY:
            return ours.peak_mb + (added.memory_mb if added else 0.0)
        if self.figure.metric == "total_ms":
            return ours.total_ms
        duration_ms = ours.first_ms if self.figure.call == "cold" else ours.warm_ms
        return duration_ms + (added.invocation_ms if added else 0.0)

    def error(self, model: Overheads | None) -> float:
        """log(ours / published)."""
        return math.log(self.modelled(model) / self.figure.value)


def judged(figure: PublishedFigure) -> bool:
    """Whether a figure is one of those that are compared."""
    if figure.claim.startswith("K"):
        return figure.metric == "total_ms" and figure.memory_mb == K_MEMORY_MB
    if figure.call == "cold":
        return figure.metric in {"init_ms", "duration_ms", MEMORY}
    if figure.metric == MEMORY:
        return True
    return figure.metric == "mean_ms" and (figure.claim, figure.case) not in SERVICE_BOUND


def measure(folder: Path, mode: str) -> None:
    """Run every workload that is not there yet."""
    for workload, options in WORKLOADS.items():
        out = folder / f"{workload}-{mode}"
        if not out.exists():
            command = [*COMMAND, workload, "--variants", "python,rust", *options]
            command += ["--speed", mode, "--no-overheads", "--out", str(out)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def cells(folder: Path, mode: str) -> list[Cell]:
    """Every figure that is compared, with ours beside it."""
    found = []
    for source in library.sources():
        for figure in filter(judged, source.figures):
            run = RunFolder.open(folder / f"{figure.workload}-{mode}")
            bytes_of = {one.variant: one.zip_bytes for one in run.manifest().artifacts}
            bytes_of |= {
                one.variant: int(one.value) for one in source.figures if one.metric == "zip_bytes"
            }
            samples = [
                one
                for one in run.samples().samples
                if (one.trial.variant, one.trial.case) == (figure.variant, figure.case)
            ]
            found.append(Cell(figure, reduced(samples, bytes_of[figure.variant], run)))
    return found


def mean(values: Sequence[float]) -> float:
    """Of all."""
    return float(np.mean(values))


def reduced(samples: Sequence[Sample], package_bytes: int, run: RunFolder) -> Measured:
    """Means, as the texts give; the peaks are the highest."""
    bad = [one.error.type for one in samples if one.error]
    if bad or not samples:
        sys.exit(f"{run.path}: {', '.join(bad) or 'no samples'}")
    reports = [(one, one.report) for one in samples if one.report]
    cold = [report for one, report in reports if one.trial.call == "cold"]
    warm = [(one, report) for one, report in reports if one.trial.call == "warm"]
    peaks = [one.meter.peak_memory_mb or 0.0 for one in samples if one.meter]
    first_peaks = [
        one.meter.peak_memory_mb or 0.0 for one in samples if one.meter and one.trial.call == "cold"
    ]
    total = run.manifest().workload.response.total
    return Measured(
        init_ms=mean([report.init_ms or 0.0 for report in cold]),
        first_ms=mean([report.duration_ms for report in cold]),
        warm_ms=mean([report.duration_ms for _, report in warm]),
        total_ms=mean([one.response[total] for one, _ in warm]) if total else 0.0,
        peak_mb=max(peaks),
        init_peak_mb=max(first_peaks),
        package_bytes=package_bytes,
    )


def fit(among: Iterable[Cell], shipped: Overheads) -> Overheads:
    """Least squares of the relative errors; a line for memory, a line through 0 for Init."""
    of = list(among)
    inits = [cell for cell in of if cell.figure.metric == "init_ms"]
    memory = [cell for cell in of if cell.figure.metric == MEMORY]
    idle = [
        (cell.figure.value, cell.figure.value - cell.modelled(None))
        for cell in of
        if (cell.figure.claim, cell.figure.variant) == IDLE
        and cell.figure.metric in {"duration_ms", "mean_ms"}
    ]
    invocation = sum(lack / value**2 for value, lack in idle) / (
        sum(1 / value**2 for value, _ in idle) or 1.0
    )
    weights = np.array([1 / cell.figure.value for cell in inits])
    lacking = np.array([cell.figure.value - cell.ours.init_ms for cell in inits])
    package = np.array([cell.ours.package_bytes / 1e6 for cell in inits])
    per_mb = float((weights**2 * package) @ lacking / ((weights**2 * package) @ package))
    rows = np.array([[1.0, cell.ours.init_peak_mb] for cell in memory])
    wanted = np.array([cell.figure.value - cell.ours.peak_mb for cell in memory])
    scale = np.array([1 / cell.figure.value for cell in memory])
    base, slope = np.linalg.lstsq(rows * scale[:, None], wanted * scale, rcond=None)[0]
    return msgspec.structs.replace(
        shipped,
        init=msgspec.structs.replace(shipped.init, ms_per_mb=max(0.0, per_mb)),
        invocation=msgspec.structs.replace(shipped.invocation, ms=max(0.0, invocation)),
        memory=msgspec.structs.replace(
            shipped.memory, base_mb=float(base), mb_per_init_mb=float(slope)
        ),
    )


def table(plain: list[Cell], slow: list[Cell], shipped: Overheads) -> Table:
    """Every cell: published, ours in each way, and the ratio."""
    shown = Table("claim", "figure", "published", "quota alone", "x", "slow cores", "x", "all", "x")
    for one, other in zip(plain, slow, strict=True):
        figure = one.figure
        row = [figure.claim, f"{figure.variant} {figure.case} {figure.call} {figure.metric}"]
        row.append(f"{figure.value:.4g}")
        for cell, model in ((one, None), (other, None), (other, shipped)):
            row += [f"{cell.modelled(model):.4g}", f"{math.exp(cell.error(model)):.2f}"]
        shown.add_row(*row)
    return shown


def spread(name: str, errors: Sequence[float]) -> str:
    """How large the errors are."""
    sizes = [abs(error) for error in errors]
    return (
        f"{name}: median |log error| {float(np.median(sizes)):.3f}, largest {max(sizes):.3f} "
        f"({math.exp(max(sizes)):.2f}x), {len(sizes)} cells"
    )


def verdicts(plain: list[Cell], slow: list[Cell], shipped: Overheads) -> list[str]:
    """The errors of each way, of each claim left out, and whether the target is met."""
    all_of = [cell.error(shipped) for cell in slow]
    told = [
        spread("quota alone", [cell.error(None) for cell in plain]),
        spread("slow cores", [cell.error(None) for cell in slow]),
        spread("slow cores and what AWS adds", all_of),
    ]
    fitted = ("C1", "C2")
    for left_out in fitted:
        model = fit(
            [
                cell
                for cell in slow
                if cell.figure.claim != left_out and cell.figure.claim in fitted
            ],
            shipped,
        )
        errors = [cell.error(model) for cell in slow if cell.figure.claim == left_out]
        told.append(spread(f"{left_out}, which the model was not fitted to", errors))
    k = [cell.error(None) for cell in slow if cell.figure.claim not in fitted]
    told.append(spread("K, which no constant was fitted to", k))
    memory = [cell.error(shipped) for cell in slow if cell.figure.metric == MEMORY]
    told.append(spread("Max Memory Used", memory))
    met = (
        float(np.median([abs(error) for error in all_of])) <= TARGET_MEDIAN
        and max(map(abs, all_of)) <= TARGET_WORST
        and max(map(abs, memory)) <= math.log(1 + TARGET_MEMORY)
    )
    told.append(
        "target (median at most 0.15, none beyond 2x, memory within 15 %): "
        f"{'met' if met else 'NOT met'}"
    )
    return told


def constants(model: Overheads) -> str:
    """For overheads.toml."""
    return (
        f"fitted to C1 and C2: init.ms_per_mb = {model.init.ms_per_mb:.2f}, "
        f"invocation.ms = {model.invocation.ms:.2f}, memory.base_mb = {model.memory.base_mb:.2f}, "
        f"memory.mb_per_init_mb = {model.memory.mb_per_init_mb:.3f}"
    )


def main() -> None:
    """Measure, fit, print, and write the document's second half."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/fidelity"))
    folder = parser.parse_args().runs
    for mode in MODES:
        measure(folder, mode)
    plain, slow = cells(folder, "host"), cells(folder, "lambda")
    shipped = overheads.shipped()
    manifest = RunFolder.open(folder / "squares-lambda").manifest()
    console = Console(width=120, highlight=False, record=True)
    console.print(f"{manifest.host['cpu']}, Linux {platform.release()}, {manifest.created_at}")
    if manifest.target.calibration:
        console.print(manifest.target.calibration.line)
    console.print(table(plain, slow, shipped))
    console.print(constants(fit([cell for cell in slow if cell.figure.claim != "K"], shipped)))
    for line in verdicts(plain, slow, shipped):
        console.print(line)
    kept, _, _ = DOCUMENT.read_text().partition(MARK)
    DOCUMENT.write_text(f"{kept}{MARK}\n\n```\n{console.export_text()}```\n")


if __name__ == "__main__":
    main()
