"""`lambdameter live`: the live race, in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lambdameter.build import page
from lambdameter.cli.flags import LocalFaults, LocalSandbox
from lambdameter.cli.parse import read_memory_sizes, read_settings
from lambdameter.errors import BadInputError, HostError
from lambdameter.measure import plan
from lambdameter.measure.cpu_speed import SpeedChoice
from lambdameter.model.base import Architecture
from lambdameter.model.race_records import RecordedRace
from lambdameter.race import session
from lambdameter.race.export import export as exported_page
from lambdameter.race.page_server import PageContent, bind
from lambdameter.race.recordings import Recordings
from lambdameter.race.session import RaceOptions

_LOCAL_ONLY = frozenset({"set_", "latency", "faults", "sandbox", "speed", "architecture"})
_RECORDED_ONLY = frozenset({"out", "port", "replay", "export", "races"})


_Races = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RACE]...",
        help="Names of the races for --replay and --export; all recorded races by default.",
    ),
]
_Port = Annotated[
    int, typer.Option(min=0, max=65_535, help="Port of the page; 0 picks a free port.")
]
_Target = Annotated[
    Literal["local", "aws"], typer.Option(help="Lambda to race on: the local one, or AWS.")
]
_Memory = Annotated[
    str,
    typer.Option(
        metavar="MB,...", help="Memory sizes offered by the page, in MB, separated by commas."
    ),
]
_Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Workload parameter as name=value; repeatable; local target only."),
]
_Latency = Annotated[
    str | None,
    typer.Option(help="Service latency: median in ms, `off`, or a model file; local target only."),
]
_Speed = Annotated[
    SpeedChoice,
    typer.Option(
        help="CPU speed: lambda (a Lambda vCPU's), host (this machine's), or auto "
        "(lambda if this host is calibrated); local target only."
    ),
]
_Priced = Annotated[
    Architecture,
    typer.Option(help="CPU architecture of the Lambda vCPU and of the prices; local target only."),
]
_Region = Annotated[
    str | None,
    typer.Option(
        help="AWS region of the prices; by default us-east-1, or where the race is deployed."
    ),
]
_Out = Annotated[Path, typer.Option(help="Folder where races are recorded.")]
_Token = Annotated[
    str | None,
    typer.Option(
        envvar="LAMBDAMETER_TOKEN",
        help="Token that `lambdameter deploy` printed; `--target aws` only.",
    ),
]
_Replay = Annotated[
    bool, typer.Option("--replay", help="Show recorded races without running a new one.")
]
_Export = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File to write a self-contained page with recorded races to, without "
        "running a new one.",
    ),
]


def live(  # noqa: PLR0913 - each is a flag
    context: typer.Context,
    races: _Races = None,
    *,
    port: _Port = 8_000,
    target: _Target = "local",
    memory: _Memory = "128,512,1024,1769",
    set_: _Settings = None,
    latency: _Latency = None,
    faults: LocalFaults = None,
    sandbox: LocalSandbox = "auto",
    speed: _Speed = "auto",
    architecture: _Priced = "arm64",
    region: _Region = None,
    out: _Out = Path("races"),
    token: _Token = None,
    replay: _Replay = False,
    export: _Export = None,
) -> None:
    """Show Python and Rust racing in a browser, on the local Lambda or on AWS."""
    _check_flags(context, target)
    html = _read_page()
    recordings = Recordings(out, tuple(races) if races else None)
    if export is not None:
        _export(export, html, recordings)
        return
    listening = bind(port)
    with listening:
        if replay:
            newest = _recorded(recordings)[0]
            content = PageContent(page=html, site=newest.site, recordings=recordings)
            session.serve(content, listening)
            return
        options = RaceOptions(
            memory_sizes=_memory_sizes(memory),
            settings=read_settings(set_ or []),
            latency=latency,
            faults=faults,
            sandbox=sandbox,
            speed=speed,
            architecture=architecture,
            region=region,
            out=out,
            token=token,
        )
        run = session.run_aws if target == "aws" else session.run_local
        run(options, html, listening)


def _check_flags(context: typer.Context, target: str) -> None:
    """Raises BadInputError if the given flags contradict each other."""
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name).name == "COMMANDLINE"  # type: ignore[union-attr]
    }
    recorded = typed & {"replay", "export"}
    if len(recorded) > 1 or (recorded and typed - _RECORDED_ONLY):
        other = min(typed - _RECORDED_ONLY or {"export"}).rstrip("_")
        raise BadInputError(
            "Recorded races are only shown or exported, so other flags do not apply",
            place=f"--{other}",
            next_step=f"Omit this flag, or omit --{min(recorded)}.",
        )
    if "races" in typed and not recorded:
        raise BadInputError(
            "Races can be named only with --replay or --export",
            place=" ".join(context.params["races"]),
            next_step="Omit the names, or add --replay.",
        )
    wrong = sorted(typed & (_LOCAL_ONLY if target == "aws" else {"token"}))
    if wrong:
        raise BadInputError(
            "This flag is for the local Lambda only"
            if target == "aws"
            else "The local Lambda makes its own token and passes it to the page",
            place=f"--{wrong[0].rstrip('_')}",
            next_step=f"Omit this flag, or use --target {'local' if target == 'aws' else 'aws'}.",
        )


def _memory_sizes(listed: str) -> tuple[int, ...]:
    """The memory sizes, smallest first; checked here because the runner would refuse each race."""
    sizes = read_memory_sizes(listed)
    plan.check_memory_sizes(sizes)
    return tuple(sorted(set(sizes)))


def _read_page() -> str:
    file = page.find()
    try:
        return file.read_text(encoding="utf-8")
    except OSError as failure:
        raise HostError(
            f"The page cannot be read: {failure.strerror}",
            place=str(file),
            next_step="Build the page again with `make setup`.",
        ) from failure


def _recorded(recordings: Recordings) -> tuple[RecordedRace, ...]:
    """All races to show. Raises BadInputError if there are none, or a named one is missing."""
    races = recordings.read_all()
    if not races:
        raise BadInputError(
            "There are no recorded races",
            place=str(recordings.folder),
            next_step="Record a race with `lambdameter live`, or give the folder of your "
            "races with --out.",
        )
    return races


def _export(file: Path, html: str, recordings: Recordings) -> None:
    races = _recorded(recordings)
    try:
        file.write_text(exported_page(html, races[0].site, races, code=None), encoding="utf-8")
    except OSError as failure:
        raise HostError(
            f"The page cannot be written: {failure.strerror}",
            place=str(file),
            next_step="Give a file in an existing folder that you can write to.",
        ) from failure
    sys.stdout.write(f"{file}\n")
    Console(stderr=True, highlight=False).print(
        f"{len(races)} recorded {'race' if len(races) == 1 else 'races'} in one file, "
        "readable without lambdameter"
    )
