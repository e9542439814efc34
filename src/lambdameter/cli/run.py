"""`lambdameter run`: measure, verify, price, decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from lambdameter import price_list
from lambdameter import workload as workloads
from lambdameter.cli.experiment import Asked, measure
from lambdameter.cli.named import check_events, load, read_settings
from lambdameter.cli.report import Json, show
from lambdameter.cli.resume import resume as go_on
from lambdameter.emulator.sandbox import WAYS
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.interruption import say
from lambdameter.model import Architecture, ReportInput, Workload
from lambdameter.samples import RunFolder

_Workloads = Annotated[
    list[str] | None,
    typer.Argument(help="Built-in names, folders with a workload.toml, or SAM templates (.yaml)."),
]
_Resume = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Go on with this run, as it was begun; no other option."),
]
_Listed = Annotated[str | None, typer.Option(help="Which, separated by commas; all by default.")]
_Events = Annotated[
    list[Path] | None,
    typer.Option("--event", metavar="FILE", help="A template's case, as JSON; may be repeated."),
]
_Memory = Annotated[
    str | None,
    typer.Option(help="Tiers in MB, separated by commas; by default the workload's own."),
]
_Cold = Annotated[int, typer.Option(help="Environments of each cell: cold calls.")]
_Warm = Annotated[
    int | None,
    typer.Option(help="Warm calls in each environment; by default the workload's own number."),
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
    str | None, typer.Option(help='The data plane\'s model: "off" or a file; local alone.')
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
    cases: _Listed = None,
    event: _Events = None,
    memory: _Memory = None,
    cold: _Cold = 1,
    warm: _Warm = None,
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
    typed = _check(context, workload or [], target, region)
    asked = Asked(
        variants=_names(variants),
        cases=_names(cases),
        memory_mb=_tiers(memory),
        cold=cold,
        warm=warm,
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
    )
    loaded = [_loaded(one, asked, event or [], "architecture" in typed) for one in workload or []]
    _measure_and_tell(loaded, resume, as_json=json)


def _measure_and_tell(
    loaded: list[tuple[Workload, Asked]], resume: Path | None, *, as_json: bool
) -> None:
    # All were read first: a fault in the last is not to show after an hour.
    folders = (measure(*one) for one in loaded) if resume is None else [go_on(resume)]
    told = [_shown(folder, as_json=as_json) for folder in folders]
    _check_told(told)


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


def _shown(folder: RunFolder, *, as_json: bool) -> ReportInput:
    try:
        return show(folder, "json" if as_json else "terminal")
    except KeyboardInterrupt:
        path = folder.path
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


def _tiers(listed: str | None) -> tuple[int, ...] | None:
    if listed is None:
        return None
    try:
        return tuple(int(one) for one in listed.split(","))
    except ValueError:
        raise BadInputError(
            f"{listed!r} is no list of tiers",
            place="--memory",
            next_step="Give whole MB separated by commas, for instance 128,1024.",
        ) from None
