"""`lambdameter live`: the race, in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lambdameter import plan
from lambdameter.cli import live_race
from lambdameter.cli.live_race import Asked
from lambdameter.cli.named import read_settings, read_tiers
from lambdameter.cli.speed import Asked as AskedSpeed
from lambdameter.emulator.sandbox import WAYS
from lambdameter.errors import BadInputError, HostError
from lambdameter.live.export import export as exported
from lambdameter.live.page_server import Stage, bind
from lambdameter.live.races import Races
from lambdameter.model import Architecture, RecordedRace
from lambdameter.package import page

_LOCAL_ALONE = frozenset({"set_", "latency", "faults", "sandbox", "speed", "architecture"})
_FOR_RECORDED = frozenset({"out", "port", "replay", "export", "races"})


_Races = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RACE]...", help="Of --replay and --export; all by default."),
]
_Port = Annotated[int, typer.Option(min=0, max=65_535, help="Of the page; 0 takes a free one.")]
_Target = Annotated[Literal["local", "aws"], typer.Option(help="Where races are held.")]
_Memory = Annotated[str, typer.Option(metavar="MB,...", help="The tiers that the page offers.")]
_Settings = Annotated[
    list[str] | None, typer.Option("--set", help="name=value: a parameter; local alone.")
]
_Latency = Annotated[
    str | None,
    typer.Option(help="Service latency: median in ms, off, or a model's file; local alone."),
]
_Faults = Annotated[
    str | None,
    typer.Option(
        metavar="KIND=P,...",
        help="What befalls functions' requests: unprocessed, throttle, 5xx, cut; local alone.",
    ),
]
_Sandbox = Annotated[str, typer.Option(help=f"auto, {', '.join(WAYS)}; local alone.")]
_Speed = Annotated[
    AskedSpeed,
    typer.Option(help="A Lambda vCPU's (auto: if this host is calibrated), or its own; local."),
]
_Priced = Annotated[
    Architecture, typer.Option(help="Of that vCPU, and of the prices; local alone.")
]
_Region = Annotated[
    str | None, typer.Option(help="Whose prices; us-east-1, or where it is deployed.")
]
_Out = Annotated[Path, typer.Option(help="Where races are recorded.")]
_Token = Annotated[
    str | None, typer.Option(envvar="LAMBDAMETER_TOKEN", help="What `deploy` printed; aws alone.")
]
_Replay = Annotated[bool, typer.Option("--replay", help="Show recorded races, and run nothing.")]
_Export = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page with recorded races inside, and end."),
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
    faults: _Faults = None,
    sandbox: _Sandbox = "auto",
    speed: _Speed = "auto",
    architecture: _Priced = "arm64",
    region: _Region = None,
    out: _Out = Path("races"),
    token: _Token = None,
    replay: _Replay = False,
    export: _Export = None,
) -> None:
    """Race in a browser: Python against Rust, live, on the local Lambda or on AWS."""
    _check(context, target)
    html = _page()
    recorded = Races(out, tuple(races) if races else None)
    if export is not None:
        _export(export, html, recorded)
        return
    listening = bind(port)
    with listening:
        if replay:
            live_race.serve(_replay(html, recorded), listening)
            return
        asked = Asked(
            tiers=_tiers(memory),
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
        hold = live_race.on_aws if target == "aws" else live_race.locally
        hold(asked, html, listening)


def _check(context: typer.Context, target: str) -> None:
    """What cannot be asked for at once. Raises BadInputError."""
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name).name == "COMMANDLINE"  # type: ignore[union-attr]
    }
    recorded = typed & {"replay", "export"}
    if len(recorded) > 1 or (recorded and typed - _FOR_RECORDED):
        other = min(typed - _FOR_RECORDED or {"export"}).rstrip("_")
        raise BadInputError(
            "Recorded races are shown as they were: nothing is run",
            place=f"--{other}",
            next_step=f"Leave it away, or leave --{min(recorded)} away.",
        )
    if "races" in typed and not recorded:
        raise BadInputError(
            "Races are named for --replay and --export, and a new one has no name yet",
            place=" ".join(context.params["races"]),
            next_step="Leave the names away, or add --replay.",
        )
    wrong = sorted(typed & (_LOCAL_ALONE if target == "aws" else {"token"}))
    if wrong:
        raise BadInputError(
            "AWS keeps its own rules, and this flag is for the local Lambda"
            if target == "aws"
            else "The local Lambda makes its own token, and tells it to the page",
            place=f"--{wrong[0].rstrip('_')}",
            next_step=f"Leave it away, or use --target {'local' if target == 'aws' else 'aws'}.",
        )


def _tiers(listed: str) -> tuple[int, ...]:
    """In the order of their size; at once, since the runner would refuse them one by one."""
    tiers = read_tiers(listed)
    plan.check_tiers(tiers)
    return tuple(sorted(set(tiers)))


def _page() -> str:
    file = page.find()
    try:
        return file.read_text(encoding="utf-8")
    except OSError as failure:
        raise HostError(
            f"The page cannot be read: {failure.strerror}",
            place=str(file),
            next_step="Build it anew: `make setup`.",
        ) from failure


def _replay(html: str, races: Races) -> Stage:
    newest = _recorded(races)[0]
    return Stage(page=html, site=newest.site, races=races, code={})


def _recorded(races: Races) -> tuple[RecordedRace, ...]:
    """All that are meant. Raises BadInputError where there is none, or a named one is not there."""
    found = races.every()
    if not found:
        raise BadInputError(
            "There is no recorded race",
            place=str(races.out),
            next_step="Hold one with `lambdameter live`, or name their folder with --out.",
        )
    return found


def _export(file: Path, html: str, races: Races) -> None:
    found = _recorded(races)
    text = exported(html, found[0].site, found, code={})
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise HostError(
            f"The page cannot be written: {failure.strerror}",
            place=str(file),
            next_step="Name a file in a folder that is there and writable.",
        ) from failure
    sys.stdout.write(f"{file}\n")
    Console(stderr=True, highlight=False).print(f"{len(found)} recorded, to be opened without us")
