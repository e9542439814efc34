"""`lambdameter run`: measure, verify, price, decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from lambdameter import plan, price_list
from lambdameter import workload as workloads
from lambdameter.cli.experiment import Asked, measure
from lambdameter.cli.named import check_events, load, read_settings, read_tiers
from lambdameter.cli.report import Json, show_any
from lambdameter.cli.resume import resume as go_on
from lambdameter.cli.rounds import Budget, Rounds, often, stopping_rule
from lambdameter.cli.sweep import measure_sweep, medians
from lambdameter.cli.sweep import resume_sweep as go_on_all
from lambdameter.emulator.sandbox import WAYS
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.interruption import say
from lambdameter.model import Architecture, ReportInput, Workload
from lambdameter.samples import is_sweep

_Workloads = Annotated[
    list[str] | None,
    typer.Argument(help="Built-in names, folders with a workload.toml, or SAM templates (.yaml)."),
]
_Resume = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Go on with this run, as it was begun; no other option."),
]
_Listed = Annotated[str | None, typer.Option(help="Which, separated by commas; all by default.")]
_Copies = Annotated[
    bool,
    typer.Option(
        "--aa",
        help="How far apart two copies of one function are here: of the first variant, or of "
        "--variants.",
    ),
]
_Events = Annotated[
    list[Path] | None,
    typer.Option("--event", metavar="FILE", help="A template's case, as JSON; may be repeated."),
]
_Memory = Annotated[
    str | None,
    typer.Option(help="Tiers in MB, separated by commas; by default the workload's own."),
]
_Warm = Annotated[
    int | None,
    typer.Option(
        help="Warm calls in each environment. By default the workload's own number, or "
        f"{plan.WARM_CALLS}, fewer where calls take long."
    ),
]
_Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="name=value: a parameter; cold.name=value: in cold calls."),
]
_Target = Annotated[Literal["local", "aws"], typer.Option(help="Where to run.")]
_Region = Annotated[str, typer.Option(help="Where, and whose prices.")]
_Priced = Annotated[Architecture, typer.Option(help="What the bill prices; on aws, what runs.")]
_Role = Annotated[str | None, typer.Option(help="ARN of the functions' execution role; aws alone.")]
_Latency = Annotated[
    str | None,
    typer.Option(
        metavar="MS,...",
        help="Service latency: ms at the median of every request (several: the verdict at each), "
        "off, or a model's file; local alone. The built-in model also has connections.",
    ),
]
_Faults = Annotated[
    str | None,
    typer.Option(
        metavar="KIND=P,...",
        help="What befalls functions' requests: unprocessed, throttle, 5xx, cut; local alone.",
    ),
]
_Speed = Annotated[
    Literal["auto", "lambda", "host"],
    typer.Option(
        help="Of the CPUs: a Lambda vCPU's (auto: if this host is calibrated, see doctor), or "
        "this host's own; local alone."
    ),
]
_Overheads = Annotated[
    bool, typer.Option(help="Add what AWS adds to Init and memory, modelled; local alone.")
]
_Sandbox = Annotated[str, typer.Option(help=f"auto, {', '.join(WAYS)}; local alone.")]
_Require = Annotated[bool, typer.Option(help="Refuse a host that does not enforce the limits.")]
_Seed = Annotated[
    int, typer.Option(min=0, help="Of the order of the trials, the latency model and the faults.")
]
_Out = Annotated[Path | None, typer.Option(help="The run folder; runs/<run> by default.")]


def run(  # noqa: PLR0913 - each is a flag
    context: typer.Context,
    workload: _Workloads = None,
    *,
    resume: _Resume = None,
    variants: _Listed = None,
    aa: _Copies = False,
    cases: _Listed = None,
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
    faults: _Faults = None,
    sandbox: _Sandbox = "auto",
    speed: _Speed = "auto",
    overheads: _Overheads = True,
    require_enforcement: _Require = False,
    seed: _Seed = 1,
    out: _Out = None,
    json: Json = False,
) -> None:
    """Measure workloads, prove that their variants do the same, price them, and decide."""
    asked = Asked(
        variants=_names(variants),
        cases=_names(cases),
        memory_mb=None if memory is None else read_tiers(memory),
        **often(rounds, warm, budget),
        settings=read_settings(settings or []),
        target=target,
        region=region,
        architecture=architecture,
        role=role,
        latency=latency,
        faults=faults,
        sandbox=sandbox,
        speed=speed,
        overheads=overheads,
        require_enforcement=require_enforcement,
        seed=seed,
        out=out,
        aa=aa,
    )
    _measure_and_tell(context, (workload or [], event or []), asked, resume, as_json=json)


def _measure_and_tell(
    context: typer.Context,
    named: tuple[list[str], list[Path]],
    asked: Asked,
    resume: Path | None,
    *,
    as_json: bool,
) -> None:
    typed = _check(context, named[0], asked.target, asked.region)
    loaded = [_loaded(one, asked, named[1], "architecture" in typed) for one in named[0]]
    # All were read first: a fault in the last is not to show after an hour.
    folders = (_measured(*one) for one in loaded)
    if resume is not None:
        folders = (go_on_all(one) if is_sweep(one) else go_on(one).path for one in [resume])
    _check_told([one for folder in folders for one in _shown(folder, as_json=as_json)])


def _measured(workload: Workload, asked: Asked) -> Path:
    latencies = medians(asked.latency)
    if latencies:
        return measure_sweep(workload, asked, latencies)
    return measure(workload, asked).path


def _loaded(
    named: str,
    asked: Asked,
    events: list[Path],
    keep_architecture: bool,  # noqa: FBT001 - as typed
) -> tuple[Workload, Asked]:
    """A workload, and what is asked of it: of a template's flags none are left for the run."""
    check_events(named, events)
    found = load(named, asked.variants, events, asked.settings, asked.region)
    if found.architecture is None:
        return found.workload, asked
    architecture = asked.architecture if keep_architecture else found.architecture
    return found.workload, msgspec.structs.replace(
        asked, variants=None, settings={}, architecture=architecture
    )


def _check_told(told: list[ReportInput]) -> None:
    """The exit code of what was measured."""
    if not all(one.summary.equal for one in told):
        raise typer.Exit(NegativeVerdictError.exit_code)
    for one in told:
        if all(sample.error for sample in one.samples):
            raise CannotTellError(
                "No call of any variant was measured",
                place=one.folder,
                next_step='Do what the report says under "What went wrong", then measure again.',
            )


def _shown(path: Path, *, as_json: bool) -> tuple[ReportInput, ...]:
    try:
        return show_any(path, "json" if as_json else "terminal")
    except KeyboardInterrupt:
        say(f"interrupted; all samples are in {path}; see `lambdameter report {path}`")
        raise


def _check(context: typer.Context, workload: list[str], target: str, region: str) -> set[str]:
    """What goes together, and what does not; the parameters that were typed."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    typed = {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    if "resume" in typed and typed - {"resume", "json"}:
        raise BadInputError(
            "A run is resumed as it was begun, and nothing can be changed",
            place="--resume",
            next_step="Give --resume DIR alone, or with --json.",
        )
    if "resume" not in typed and not workload:
        raise BadInputError(
            "No workload is named",
            place="lambdameter run",
            next_step=f"Name a folder with a workload.toml, or {', '.join(workloads.names())}.",
        )
    if "out" in typed and len(workload) > 1:
        raise BadInputError(
            "One folder cannot hold the runs of several workloads",
            place="--out",
            next_step="Leave --out away, or name one workload.",
        )
    if {"aa", "faults"} <= typed:
        raise BadInputError(
            "Times under injected faults tell nothing of how far apart two copies are",
            place="--aa --faults",
            next_step="Leave one of them away.",
        )
    several = medians(context.params["latency"]) if target == "local" else ()
    if several and stopping_rule(context.params["rounds"], context.params["budget"]):
        raise BadInputError(
            "Each latency would end after another number of rounds",
            place="--rounds auto --latency",
            next_step=f"Give a number of rounds, or one latency: --latency {several[0]}.",
        )
    if several and "aa" in typed:
        raise BadInputError(
            "Two copies are held against each other at one latency",
            place="--aa --latency",
            next_step=f"Give one of them, for instance --latency {several[0]}.",
        )
    local_alone = sorted(typed & {"latency", "faults", "sandbox", "speed", "overheads"})
    if target == "aws" and local_alone:
        raise BadInputError(
            "AWS keeps its own rules, and this flag is for the local Lambda",
            place=f"--{local_alone[0]}",
            next_step="Leave it away, or use --target local.",
        )
    _check_priced(region)
    return typed


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
