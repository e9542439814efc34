"""`lambdameter reproduce`: measure published claims again and judge them."""

from __future__ import annotations

import itertools
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from lambdameter.claims import library
from lambdameter.claims.reproduction import NamedRun, judged, needed, select
from lambdameter.cli.audit import of_shipped
from lambdameter.cli.flags import Json, Markdown
from lambdameter.errors import BadInputError, CannotTellError, HostError, NegativeVerdictError
from lambdameter.interruption import say
from lambdameter.measure.experiment import RUNS, RunOptions, TargetOpener, measure, open_target
from lambdameter.measure.reading import read as read_run
from lambdameter.measure.resume import resume
from lambdameter.measure.run_folder import MANIFEST, RunFolder
from lambdameter.model.base import Architecture
from lambdameter.model.claim import Experiment, Rounds
from lambdameter.model.reproduction import Reproduction
from lambdameter.model.sample import Conditions
from lambdameter.report import reproduction_page
from lambdameter.report.reproduction_formats import FORMATS, ReproductionFormat
from lambdameter.workload import loader
from lambdameter.workload.parameters import apply_settings

_AGAIN = re.compile(r"-\d+$")

_Claims = Annotated[
    list[str] | None,
    typer.Argument(
        help="Texts (C1), claims (K5) or single figures (K5.ratio) to measure; all by default."
    ),
]
_Quick = Annotated[
    bool, typer.Option(help="Measure only what fits into five minutes (docs/reproduce.md).")
]
_From = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="DIR", help="Folder whose runs are judged again, without measuring."
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(help="Folder for the runs; runs that are already there are not measured again."),
]
_Html = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File to also write the result to, as one self-contained HTML page."
    ),
]
_Target = Annotated[
    Literal["local", "aws"], typer.Option(help="Lambda to measure on: the local one, or AWS.")
]
_Region = Annotated[
    str, typer.Option(help="AWS region of the prices; with `--target aws`, also of the functions.")
]
_Priced = Annotated[
    Architecture,
    typer.Option(
        help="CPU architecture of the prices; with `--target aws`, also of the functions."
    ),
]
_Role = Annotated[
    str | None, typer.Option(help="ARN of the functions' execution role; `--target aws` only.")
]
_Sandbox = Annotated[
    str,
    typer.Option(
        help="Method that enforces CPU and memory limits, as in `lambdameter run`; local "
        "target only."
    ),
]
_Speed = Annotated[
    Literal["auto", "lambda", "host"],
    typer.Option(help="CPU speed, as in `lambdameter run`; local target only."),
]
_Cold = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of execution environments per variant, case and memory size; "
        "intervals need 10.",
    ),
]
_Seed = Annotated[
    int, typer.Option(min=0, help="Seed of the trials' order and of all random numbers.")
]


def reproduce(  # noqa: PLR0913 - each is a flag
    claims: _Claims = None,
    *,
    quick: _Quick = False,
    from_: _From = None,
    out: _Out = None,
    html: _Html = None,
    cold: _Cold = None,
    target: _Target = "local",
    region: _Region = "us-east-1",
    architecture: _Priced = "arm64",
    role: _Role = None,
    sandbox: _Sandbox = "auto",
    speed: _Speed = "auto",
    seed: _Seed = 1,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Measure published claims again, and give each of their figures a verdict."""
    selections = select(claims or [])
    form = chosen(markdown=markdown, json=json)
    _check(from_, out, html)
    conditions = Conditions(
        target=target,
        region=region,
        architecture=architecture,
        role=role,
        latency=None,
        faults=None,
        sandbox=sandbox,
        seed=seed,
        speed=speed,
        overheads=True,
    )
    if from_ is None:
        folder = out or RUNS / f"reproduce-{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"
        experiments = [
            _at(experiment, cold, quick=quick) for experiment in needed(selections, quick=quick)
        ]
        measure_all(experiments, conditions, folder)
        runs = runs_in(folder) if experiments else ()
    else:
        folder, runs = from_, runs_in(from_)
    audits = of_shipped([selection.source.id for selection in selections])
    _report(judged(selections, runs, audits, quick=quick, folder=str(folder)), form, html)


def chosen(*, markdown: bool, json: bool) -> ReproductionFormat:
    """The format for stdout. Raises BadInputError if two flags are set."""
    if markdown and json:
        raise BadInputError(
            "Only one output format can be chosen",
            place="--markdown --json",
            next_step="Give one of these flags: each format is written to stdout.",
        )
    return "markdown" if markdown else "json" if json else "terminal"


def measure_all(
    experiments: Sequence[tuple[Experiment, Rounds]],
    conditions: Conditions,
    folder: Path,
    opening: TargetOpener = open_target,
) -> None:
    """Make every missing run, and complete those that were interrupted.

    Raises:
        LambdameterError: as in `lambdameter run`; unknown variants and cases show before the first
            experiment.
    """
    for experiment, _ in experiments:
        _check_experiment(experiment)
    for number, (experiment, rounds) in enumerate(experiments, 1):
        say(f"experiment {number} of {len(experiments)}: {experiment.name}")
        path = _place(folder, experiment, rounds)
        if (path / MANIFEST).exists():
            resume(path, opening)
        else:
            options = _options(experiment, rounds, conditions, path)
            measure(loader.load(experiment.workload), options, opening)


def runs_in(folder: Path) -> tuple[NamedRun, ...]:
    """Every run below a folder, or the run in it, by experiment, the latest run first.

    Raises:
        BadInputError: the folder has no run.
    """
    order = [experiment.name for experiment in library.experiments()]

    def place(run: Path) -> tuple[int, str]:
        name = _AGAIN.sub("", run.name)
        return order.index(name) if name in order else len(order), name

    below = sorted((manifest.parent for manifest in folder.glob(f"*/{MANIFEST}")), reverse=True)
    folders = [folder] if (folder / MANIFEST).exists() else sorted(below, key=place)
    if not folders:
        raise BadInputError(
            "This folder holds no run",
            place=str(folder),
            next_step="Give a folder that `lambdameter reproduce` or `lambdameter run` made.",
        )
    return tuple(
        NamedRun(_AGAIN.sub("", path.name), read_run(RunFolder.open(path))) for path in folders
    )


def _place(folder: Path, experiment: Experiment, rounds: Rounds) -> Path:
    """The folder of a run with all of this, or a new folder for it."""
    for number in itertools.count(1):
        path = folder / (experiment.name if number == 1 else f"{experiment.name}-{number}")
        if not (path / MANIFEST).exists() or _has(path, experiment, rounds):
            return path
    raise AssertionError  # count() does not end


def _has(path: Path, experiment: Experiment, rounds: Rounds) -> bool:
    """Whether a run has every cell, at least as many rounds, and the same parameters."""
    manifest = RunFolder.open(path).manifest()
    planned = {trial.key for trial in manifest.plan}
    parameters = apply_settings(manifest.workload, _settings(rounds))
    return (
        set(itertools.product(experiment.variants, experiment.cases, experiment.memory_mb))
        <= planned
        and max(trial.round for trial in manifest.plan) + 1 >= rounds.cold
        and manifest.parameters == parameters
    )


def _at(experiment: Experiment, cold: int | None, *, quick: bool) -> tuple[Experiment, Rounds]:
    rounds = (experiment.quick if quick else None) or experiment.full
    return experiment, rounds if cold is None else msgspec.structs.replace(rounds, cold=cold)


def _settings(rounds: Rounds) -> dict[str, str]:
    """Settings as typed behind --set."""
    return {name: str(value) for name, value in rounds.settings.items()}


def _options(
    experiment: Experiment, rounds: Rounds, conditions: Conditions, path: Path
) -> RunOptions:
    return RunOptions(
        **msgspec.structs.asdict(conditions),
        variants=experiment.variants,
        cases=experiment.cases,
        memory_mb=experiment.memory_mb,
        cold=rounds.cold,
        warm=rounds.warm,
        settings=_settings(rounds),
        require_enforcement=False,
        out=path,
    )


def _check_experiment(experiment: Experiment) -> None:
    """Check now that the workload has every variant and case, not after an hour of measuring."""
    workload = loader.load(experiment.workload)
    for kind, wanted, names in (
        ("variant", experiment.variants, [variant.name for variant in workload.variants]),
        ("case", experiment.cases, [case.name for case in workload.cases]),
    ):
        for name in wanted:
            if name not in names:
                raise BadInputError(
                    f"The workload {workload.name} has no {kind} named {name!r}, "
                    "which a claim needs",
                    place=f"experiment {experiment.name}",
                    next_step=f"Choose claims that need only: {', '.join(names)}.",
                )


def _check(from_: Path | None, out: Path | None, html: Path | None) -> None:
    if from_ is not None and out is not None:
        raise BadInputError(
            "With --from, runs are judged where they are, and nothing is measured",
            place="--from",
            next_step="Omit --out or --from.",
        )
    if html is not None and not html.absolute().parent.is_dir():
        raise BadInputError(
            "The folder for the page does not exist",
            place=str(html),
            next_step="Create the folder, or give another file.",
        )


def _report(reproduction: Reproduction, form: ReproductionFormat, html: Path | None) -> None:
    FORMATS[form](reproduction, sys.stdout)
    if html is not None:
        try:
            html.write_text(reproduction_page.page(reproduction), encoding="utf-8")
        except OSError as failure:
            raise HostError(
                f"The page cannot be written: {failure.strerror}",
                place=str(html),
                next_step="Give a file that you can write to.",
            ) from failure
    if not all(run.equal for run in reproduction.runs if run.complete):
        raise typer.Exit(NegativeVerdictError.exit_code)
    if all(row.verdict == "not judged" for row in reproduction.rows):
        raise typer.Exit(CannotTellError.exit_code)
