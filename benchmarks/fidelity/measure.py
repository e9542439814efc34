"""The runs that the published figures are held against: each an ordinary run folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lambdameter.analysis import caveats
from lambdameter.analysis.run import Run
from lambdameter.claims import library
from lambdameter.measure.reading import read
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.claim import ClaimSource, PublishedFigure
from lambdameter.model.sample import Sample

PUBLISHED = Path(__file__).parents[1] / "published"
COMMAND = [str(Path(sys.prefix) / "bin" / "lambdameter"), "run"]
SIZES = "128,256,512,1024,1769,2048"
WORKLOADS = {
    "squares": ["--memory", "128", "--cold", "8", "--warm", "10"],
    "dynamodb-ops": ["--memory", "128", "--cold", "8", "--warm", "10"],
    "light": ["--memory", SIZES, "--cold", "6", "--warm", "0"],
    "etl": ["--memory", "1024", "--cold", "1", "--warm", "2"],
}


def measure(folder: Path) -> None:
    """Run every workload that is not there yet, as `lambdameter run` does for anybody."""
    for workload, options in WORKLOADS.items():
        out = folder / workload
        if not out.exists():
            command = [*COMMAND, workload, "--variants", "python,rust", *options]
            command += ["--speed", "lambda", "--out", str(out)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def runs(folder: Path) -> dict[str, Run]:
    """By workload; of each cell the calls that had their cores to themselves, as far as any had."""
    return {
        workload: undisturbed(read(RunFolder.open(folder / workload))) for workload in WORKLOADS
    }


def undisturbed(run: Run) -> Run:
    """Without the calls that a neighbour made longer, as far as others of their cell are left."""
    alone = [sample for sample in run.samples if not is_disturbed(sample)]
    have = {cell(sample) for sample in alone}
    kept = [one for one in run.samples if not is_disturbed(one) or cell(one) not in have]
    return msgspec.structs.replace(run, samples=kept)


def cell(sample: Sample) -> tuple[str, str, int, str]:
    """What it is a call of."""
    trial = sample.trial
    return trial.variant, trial.case, trial.memory_mb, trial.call


def is_disturbed(sample: Sample) -> bool:
    """Whether its CPUs were slower than a Lambda vCPU, since others used their cores."""
    return caveats.disturbed_share(sample) > caveats.DISTURBED


def sources() -> list[ClaimSource]:
    """The texts."""
    files = sorted(PUBLISHED.glob("*.toml"))
    others = [msgspec.toml.decode(file.read_bytes(), type=ClaimSource) for file in files]
    return [*library.sources(), *others]


def published() -> Iterator[PublishedFigure]:
    """Every figure of the texts that one of the runs has a counterpart of."""
    for source in sources():
        for figure in source.figures:
            if figure.workload in WORKLOADS and figure.variant in {"python", "rust"}:
                yield figure


def package_bytes() -> dict[tuple[str, str], int]:
    """Published sizes of packages, by workload and variant."""
    return {
        (figure.workload, figure.variant): int(figure.value)
        for figure in published()
        if figure.metric == "zip_bytes"
    }
