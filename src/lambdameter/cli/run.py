"""`lambdameter run`: measure, verify, price, decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec
import typer

from lambdameter.analysis.run import Run
from lambdameter.cli.flags import Budget, Full, Json, LocalFaults, LocalSandbox, Only, Rounds
from lambdameter.cli.parse import (
    parts,
    read_memory_sizes,
    read_settings,
    repetitions,
    stopping_rule,
)
from lambdameter.cli.report import chosen, show_any
from lambdameter.cost import price_list
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.interruption import say
from lambdameter.measure import plan
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.latency_sweep import measure_sweep, medians, resume_sweep
from lambdameter.measure.resume import resume as resume_run
from lambdameter.measure.run_folder import is_sweep
from lambdameter.model.base import Architecture
from lambdameter.model.workload import Workload
from lambdameter.report.formats import FormatName
from lambdameter.workload import loader
from lambdameter.workload.named import check_events, load

_Workloads = Annotated[
    list[str] | None,
    typer.Argument(
        help="Workloads to measure: built-in names, folders with a workload.toml, or "
        "SAM templates (.yaml)."
    ),
]
_Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Run folder of an interrupted run to continue; no other option is allowed "
        "except --json.",
    ),
]
_Variants = Annotated[
    str | None, typer.Option(help="Variants to measure, separated by commas; all by default.")
]
_Cases = Annotated[
    str | None, typer.Option(help="Cases to measure, separated by commas; all by default.")
]
_Copies = Annotated[
    bool,
    typer.Option(
        "--aa",
        help="Compare two copies of the same function, to find how much noise this "
        "host has; the function is the first variant, or that of --variants.",
    ),
]
_Events = Annotated[
    list[Path] | None,
    typer.Option(
        "--event",
        metavar="FILE",
        help="JSON file with an event for a SAM template's functions; repeatable.",
    ),
]
_Memory = Annotated[
    str | None,
    typer.Option(help="Memory sizes in MB, separated by commas; the workload's own by default."),
]
_Warm = Annotated[
    int | None,
    typer.Option(
        help="Number of warm calls in each execution environment. Default: the "
        f"workload's number, or {plan.WARM_CALLS}, or fewer if calls take long."
    ),
]
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Workload parameter as name=value, or as cold.name=value for cold calls "
        "only; repeatable.",
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
_Latency = Annotated[
    str | None,
    typer.Option(
        metavar="MS,...",
        help="Service latency: median in ms of every request, several medians "
        "separated by commas, `off`, or a model file; local target only. The "
        "built-in default also models new connections.",
    ),
]
_Speed = Annotated[
    Literal["auto", "lambda", "host"],
    typer.Option(
        help="CPU speed: lambda (a Lambda vCPU's), host (this machine's), or auto "
        "(lambda if this host is calibrated, see `lambdameter doctor`); local "
        "target only."
    ),
]
_Overheads = Annotated[
    bool,
    typer.Option(
        help="Add AWS's own share of Init Duration and memory, from a model; local target only."
    ),
]
_Require = Annotated[
    bool, typer.Option(help="Fail if this host does not enforce Lambda's CPU and memory limits.")
]
_Seed = Annotated[
    int,
    typer.Option(
        min=0, help="Seed of the trials' order, of the latency model and of injected faults."
    ),
]
_Out = Annotated[
    Path | None, typer.Option(help="Run folder to create; a new folder in runs/ by default.")
]


def run(  # noqa: PLR0913 - each is a flag
    context: typer.Context,
    workload: _Workloads = None,
    *,
    resume: _Resume = None,
    variants: _Variants = None,
    aa: _Copies = False,
    cases: _Cases = None,
    event: _Events = None,
    memory: _Memory = None,
    rounds: Rounds = None,
    warm: _Warm = None,
    budget: Budget = None,
    settings: _Settings = None,
    target: _Target = "local",
    region: _Region = "us-east-1",
    architecture: _Priced = "arm64",
    role: _Role = None,
    latency: _Latency = None,
    faults: LocalFaults = None,
    sandbox: LocalSandbox = "auto",
    speed: _Speed = "auto",
    overheads: _Overheads = True,
    require_enforcement: _Require = False,
    seed: _Seed = 1,
    out: _Out = None,
    full: Full = False,
    only: Only = None,
    json: Json = False,
) -> None:
    """Measure workloads, verify that their variants do the same, price them, and pick the best."""
    options = RunOptions(
        variants=_names(variants), cases=_names(cases), with_copies=aa,
        memory_mb=None if memory is None else read_memory_sizes(memory),
        **repetitions(rounds, warm, budget),
        settings=read_settings(settings or []),
        target=target, region=region, architecture=architecture, role=role,
        latency=latency, faults=faults, sandbox=sandbox, speed=speed, overheads=overheads,
        require_enforcement=require_enforcement, seed=seed, out=out,
    )  # fmt: skip
    command = _Command(
        names=workload or [],
        events=event or [],
        options=options,
        resume=resume,
        form=chosen(full=full, json=json),
        parts=parts(only, is_document=json),
    )
    _measure_and_report(command, _check(context, command))


class _Command(NamedTuple):
    """One command line.

    Attributes:
        names: the workloads, as typed.
        events: files with the events for a SAM template's functions.
        resume: the run folder to continue; None: measure the workloads.
        form: format of the reports.
        parts: parts of the full report; empty: the whole report.
    """

    names: list[str]
    events: list[Path]
    options: RunOptions
    resume: Path | None
    form: FormatName
    parts: tuple[str, ...]


def _measure_and_report(command: _Command, typed: set[str]) -> None:
    # Every workload is read before the first is measured: an error in the last shows at once.
    loaded = [_loaded(name, command, "architecture" in typed) for name in command.names]
    folders: Iterator[Path] = (_measured(workload, options) for workload, options in loaded)
    if command.resume is not None:
        resumed = resume_sweep if is_sweep(command.resume) else _resumed
        folders = iter([resumed(command.resume)])
    _check_success([run for folder in folders for run in _reported(folder, command)])


def _resumed(path: Path) -> Path:
    return resume_run(path).path


def _measured(workload: Workload, options: RunOptions) -> Path:
    latencies = medians(options.latency)
    if latencies:
        return measure_sweep(workload, options, latencies)
    return measure(workload, options).path


def _loaded(
    name: str,
    command: _Command,
    keep_architecture: bool,  # noqa: FBT001 - as typed
) -> tuple[Workload, RunOptions]:
    """A workload and its options; a template has used up the variants and settings itself."""
    options = command.options
    check_events(name, command.events)
    source = load(name, options.variants, command.events, options.settings, options.region)
    if source.architecture is None:
        return source.workload, options
    architecture = options.architecture if keep_architecture else source.architecture
    return source.workload, msgspec.structs.replace(
        options, variants=None, settings={}, architecture=architecture
    )


def _check_success(runs: list[Run]) -> None:
    """Exit with 1 if a run is not equal, and with 5 if a run has no successful call."""
    if not all(run.summary.equal for run in runs):
        raise typer.Exit(NegativeVerdictError.exit_code)
    for run in runs:
        if all(sample.error for sample in run.samples):
            raise CannotTellError(
                "No call of any variant was measured successfully",
                place=run.folder,
                next_step='Follow the report\'s section "What went wrong", then measure again.',
            )


def _reported(path: Path, command: _Command) -> tuple[Run, ...]:
    try:
        return show_any(path, command.form, command.parts)
    except KeyboardInterrupt:
        say(f"interrupted; all samples are in {path}; print them with `lambdameter report {path}`")
        raise


def _check(context: typer.Context, command: _Command) -> set[str]:
    """Check that the options fit together; the names of the options that were typed."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    typed = {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    if "resume" in typed and typed - {"resume", "json", "full", "only"}:
        raise BadInputError(
            "A resumed run keeps the options that it was started with",
            place="--resume",
            next_step="Give --resume DIR with no other option than --full, --only or --json.",
        )
    if "resume" not in typed and not command.names:
        raise BadInputError(
            "No workload was given",
            place="lambdameter run",
            next_step=f"Give a folder with a workload.toml or one of: {', '.join(loader.names())}.",
        )
    if "out" in typed and len(command.names) > 1:
        raise BadInputError(
            "One folder cannot hold the runs of several workloads",
            place="--out",
            next_step="Omit --out, or give only one workload.",
        )
    if {"aa", "faults"} <= typed:
        raise BadInputError(
            "Injected faults would hide how far two copies of a function differ",
            place="--aa --faults",
            next_step="Omit --aa or --faults.",
        )
    if command.options.target == "local":
        _check_latencies(context, typed)
    local_only = sorted(typed & {"latency", "faults", "sandbox", "speed", "overheads"})
    if command.options.target == "aws" and local_only:
        raise BadInputError(
            "This flag is for the local Lambda only",
            place=f"--{local_only[0]}",
            next_step="Omit this flag, or use --target local.",
        )
    _check_priced(command.options.region)
    return typed


def _check_latencies(context: typer.Context, typed: set[str]) -> None:
    """Several latencies allow neither `--rounds auto` nor copies."""
    several = medians(context.params["latency"])
    if several and stopping_rule(context.params["rounds"], context.params["budget"]):
        raise BadInputError(
            "Runs at different latencies would end after different numbers of rounds",
            place="--rounds auto --latency",
            next_step=f"Give a number of rounds, or only one latency: --latency {several[0]}.",
        )
    if several and "aa" in typed:
        raise BadInputError(
            "Two copies can be compared at only one latency",
            place="--aa --latency",
            next_step=f"Omit --aa, or give one latency, for instance --latency {several[0]}.",
        )


def _check_priced(region: str) -> None:
    """Check the prices at once: the bill comes at the end of a run that may take minutes."""
    prices = price_list.latest()
    if region not in prices.regions:
        raise BadInputError(
            f"There are no prices for the region {region!r}",
            place="--region",
            next_step=f"Choose one of: {', '.join(sorted(prices.regions))}.",
        )


def _names(listed: str | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(name.strip() for name in listed.split(","))
