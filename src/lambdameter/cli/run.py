"""`lambdameter run`: measure, verify, price, decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from lambdameter.cli.flags import Budget, Full, Json, LocalFaults, LocalSandbox, Only, Rounds
from lambdameter.cli.parse import often, parts, read_settings, read_tiers, stopping_rule
from lambdameter.cli.report import chosen, show_any
from lambdameter.cost import price_list
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.interruption import say
from lambdameter.measure import plan
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.latency_sweep import measure_sweep, medians
from lambdameter.measure.latency_sweep import resume_sweep as go_on_all
from lambdameter.measure.resume import resume as go_on
from lambdameter.measure.run_folder import is_sweep
from lambdameter.model.base import Architecture
from lambdameter.model.report import ReportInput
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
        variants=_names(variants), cases=_names(cases), aa=aa,
        memory_mb=None if memory is None else read_tiers(memory),
        **often(rounds, warm, budget),
        settings=read_settings(settings or []),
        target=target, region=region, architecture=architecture, role=role,
        latency=latency, faults=faults, sandbox=sandbox, speed=speed, overheads=overheads,
        require_enforcement=require_enforcement, seed=seed, out=out,
    )  # fmt: skip
    _measure_and_tell(context, (workload or [], event or []), options, resume, (full, only, json))


def _measure_and_tell(
    context: typer.Context,
    named: tuple[list[str], list[Path]],
    options: RunOptions,
    resume: Path | None,
    shown: tuple[bool, str | None, bool],
) -> None:
    full, only, json = shown
    view = chosen(full=full, json=json), parts(only, is_document=json)
    typed = _check(context, named[0], options.target, options.region)
    loaded = [_loaded(name, options, named[1], "architecture" in typed) for name in named[0]]
    # All were read first: a fault in the last is not to show after an hour.
    folders = (_measured(*one) for one in loaded)
    if resume is not None:
        folders = (go_on_all(path) if is_sweep(path) else go_on(path).path for path in [resume])
    _check_told([run for folder in folders for run in _shown(folder, view)])


def _measured(workload: Workload, options: RunOptions) -> Path:
    latencies = medians(options.latency)
    if latencies:
        return measure_sweep(workload, options, latencies)
    return measure(workload, options).path


def _loaded(
    named: str,
    options: RunOptions,
    events: list[Path],
    keep_architecture: bool,  # noqa: FBT001 - as typed
) -> tuple[Workload, RunOptions]:
    """A workload, and what is asked of it: of a template's flags none are left for the run."""
    check_events(named, events)
    source = load(named, options.variants, events, options.settings, options.region)
    if source.architecture is None:
        return source.workload, options
    architecture = options.architecture if keep_architecture else source.architecture
    return source.workload, msgspec.structs.replace(
        options, variants=None, settings={}, architecture=architecture
    )


def _check_told(runs: list[ReportInput]) -> None:
    """The exit code of what was measured."""
    if not all(run.summary.equal for run in runs):
        raise typer.Exit(NegativeVerdictError.exit_code)
    for run in runs:
        if all(sample.error for sample in run.samples):
            raise CannotTellError(
                "No call of any variant was measured successfully",
                place=run.folder,
                next_step='Follow the report\'s section "What went wrong", then measure again.',
            )


def _shown(path: Path, view: tuple[FormatName, tuple[str, ...]]) -> tuple[ReportInput, ...]:
    try:
        return show_any(path, *view)
    except KeyboardInterrupt:
        say(f"interrupted; all samples are in {path}; print them with `lambdameter report {path}`")
        raise


def _check(context: typer.Context, workload: list[str], target: str, region: str) -> set[str]:
    """What goes together, and what does not; the parameters that were typed."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    typed = {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    if "resume" in typed and typed - {"resume", "json", "full", "only"}:
        raise BadInputError(
            "A resumed run keeps the options that it was started with",
            place="--resume",
            next_step="Give --resume DIR with no other option than --full, --only or --json.",
        )
    if "resume" not in typed and not workload:
        raise BadInputError(
            "No workload was given",
            place="lambdameter run",
            next_step=f"Give a folder with a workload.toml or one of: {', '.join(loader.names())}.",
        )
    if "out" in typed and len(workload) > 1:
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
    if target == "local":
        _check_latencies(context, typed)
    local_alone = sorted(typed & {"latency", "faults", "sandbox", "speed", "overheads"})
    if target == "aws" and local_alone:
        raise BadInputError(
            "This flag is for the local Lambda only",
            place=f"--{local_alone[0]}",
            next_step="Omit this flag, or use --target local.",
        )
    _check_priced(region)
    return typed


def _check_latencies(context: typer.Context, typed: set[str]) -> None:
    """A run for each latency has its rounds fixed, and one copy of each variant."""
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
    """At once: the bill comes at the end of a run that may take minutes."""
    prices = price_list.latest()
    if region not in prices.regions:
        raise BadInputError(
            f"There are no prices for the region {region!r}",
            place="--region",
            next_step=f"Choose one of: {', '.join(sorted(prices.regions))}.",
        )


def _names(listed: str | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(name.strip() for name in listed.split(","))
