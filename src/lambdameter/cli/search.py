"""`lambdameter search`: search for an event on which variants differ."""

from __future__ import annotations

import json
import random
import shlex
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import hypothesis.configuration
import msgspec
import platformdirs
import typer
from rich.console import Console
from rich.status import Status

from lambdameter.cli.flags import Json, Sandbox
from lambdameter.cli.parse import read_settings, seconds
from lambdameter.errors import BadInputError, HostError, NegativeVerdictError
from lambdameter.measure.experiment import RUNS, TargetOpener, open_target
from lambdameter.model.base import MEMORY_MB_PER_VCPU
from lambdameter.model.search import SearchResult
from lambdameter.model.workload import Variant, Workload
from lambdameter.report import search as search_report
from lambdameter.report import terminal
from lambdameter.search.hunt import Limits, hunt
from lambdameter.search.rivals import REGION, Rivals, conditions, deployed
from lambdameter.search.schema import strategy
from lambdameter.search.values import Strategy
from lambdameter.workload import case_files, loader
from lambdameter.workload.named import is_template, load

_STATUS_EVERY_S = 0.5
_LEAST = 2


class SearchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a search.

    Attributes:
        named: the workload, as the user typed it.
        variants: names of the variants; None: those that `lambdameter run` measures.
        event: file with one event to call; None: search.
        limits: when the search ends.
        out: file for the found event; None: a new file in runs/.
    """

    named: str
    variants: tuple[str, ...] | None
    event: Path | None
    limits: Limits
    seed: int
    memory_mb: int
    sandbox: str
    out: Path | None


_Workload = Annotated[
    str,
    typer.Argument(
        help="Workload to search: a built-in name, a folder with a "
        "workload.toml, or a SAM template (.yaml)."
    ),
]
_Variants = Annotated[
    str | None,
    typer.Option(
        help="Variants to compare, two or more, separated by commas; the first is the reference."
    ),
]
_Event = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="JSON file with a single event to call the variants with, instead of searching.",
    ),
]
_Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter of a SAM template as name=value; repeatable."),
]
_For = Annotated[
    str,
    typer.Option("--for", metavar="DURATION", help="Time limit of the search: 60s, 5m, 1h."),
]
_Inputs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Largest number of inputs to try within the time limit; unlimited by default.",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="JSON file to write the found event to; a new file in runs/ by default.",
    ),
]


def search(  # noqa: PLR0913 - each is a flag
    workload: _Workload,
    *,
    variants: _Variants = None,
    event: _Event = None,
    settings: _Settings = None,
    for_: _For = "60s",
    inputs: _Inputs = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the generated inputs.")] = 1,
    memory: Annotated[
        int, typer.Option(help="Memory size of the functions, in MB.")
    ] = MEMORY_MB_PER_VCPU,
    sandbox: Sandbox = "auto",
    out: _Out = None,
    as_json: Json = False,
) -> None:
    """Search for an event on which variants answer differently, and reduce that event."""
    options = SearchOptions(
        named=workload,
        variants=None if variants is None else tuple(name.strip() for name in variants.split(",")),
        event=event,
        limits=Limits(seconds=seconds(for_, "--for"), inputs=inputs),
        seed=seed,
        memory_mb=memory,
        sandbox=sandbox,
        out=out,
    )
    parameters = read_settings(settings or [])
    _search_and_report(options, parameters, as_json=as_json)


def _search_and_report(options: SearchOptions, settings: dict[str, str], *, as_json: bool) -> None:
    workload = load(options.named, options.variants, (), settings, REGION).workload
    result = make(workload, _of_template(options) if is_template(options.named) else options)
    if as_json:
        sys.stdout.write(search_report.encode(result))
    else:
        lines = search_report.report(result, workload, _again(result, workload, options.named))
        terminal.console(sys.stdout).print(lines, soft_wrap=True)
    if result.disagreements:
        raise typer.Exit(NegativeVerdictError.exit_code)


def _of_template(options: SearchOptions) -> SearchOptions:
    """The options for a template, whose loader has already selected the functions."""
    if options.event is None:
        raise BadInputError(
            "A SAM template has no input schema, so no events can be generated",
            place=options.named,
            next_step="Give one event with --event FILE, or describe the functions and "
            f"their input in a {loader.FILE} (docs/workload.md).",
        )
    return msgspec.structs.replace(options, variants=None)


def _again(result: SearchResult, workload: Workload, named: str) -> str:
    titles = {variant.name: variant.title for variant in workload.variants}
    names = [titles[name] if is_template(named) else name for name in result.variants]
    return f"lambdameter search {shlex.quote(named)} --variants {','.join(names)} --event"


def make(
    workload: Workload, options: SearchOptions, opening: TargetOpener = open_target
) -> SearchResult:
    """Search, or call one given event.

    Raises:
        LambdameterError: the options, this host or the target are at fault.
    """
    variants = _variants(workload, options.variants)
    event = None if options.event is None else case_files.read_json(options.event)
    events = _events(workload) if options.event is None else None
    console = Console(stderr=True, highlight=False)
    with (
        opening(conditions(options.sandbox)) as target,
        deployed(target, workload, variants, options.memory_mb, console) as rivals,
    ):
        if events is None:
            return _called(rivals, event, options)
        return _searched(rivals, events, options, console)


def _variants(workload: Workload, named: tuple[str, ...] | None) -> list[Variant]:
    by_name = {variant.name: variant for variant in workload.variants}
    names = named or workload.default_variants or tuple(by_name)
    for name in names:
        if name not in by_name:
            raise BadInputError(
                f"There is no variant named {name!r}",
                place="--variants",
                next_step=f"Choose from: {', '.join(by_name)}.",
            )
    if len(set(names)) < _LEAST:
        raise BadInputError(
            f"A search needs two variants to compare, and {names[0]} is the only one",
            place="--variants",
            next_step=f"Name two or more of: {', '.join(by_name)}."
            if len(by_name) >= _LEAST
            else "Add a second variant to workload.toml.",
        )
    if workload.table is not None or any(case.object for case in workload.cases):
        raise BadInputError(
            f"{workload.name} uses a table or an object, and a search compares only answers",
            place=workload.root,
            next_step="Compare what its variants write with `lambdameter run`.",
        )
    return [by_name[name] for name in dict.fromkeys(names)]


def _events(workload: Workload) -> Strategy:
    if workload.input_schema is None:
        raise BadInputError(
            f"{workload.name} has no input schema, so no events can be generated",
            place=str(Path(workload.root, loader.FILE)),
            next_step="Write a JSON Schema and name the file in workload.toml: "
            'input_schema = "input.schema.json"; or give one event with '
            "--event FILE.",
        )
    # Otherwise hypothesis would store Unicode's tables in the current folder.
    cache = platformdirs.user_cache_path("lambdameter") / "hypothesis"
    hypothesis.configuration.set_hypothesis_home_dir(cache)
    file = Path(workload.root, workload.input_schema)
    return strategy(case_files.read_json(file), str(file))


def _called(rivals: Rivals, event: Any, options: SearchOptions) -> SearchResult:
    started = time.monotonic()
    outcomes = rivals.call(event)
    return SearchResult(
        workload=rivals.workload.name,
        variants=rivals.names,
        seed=None,
        inputs=1,
        seconds=time.monotonic() - started,
        event=event,
        event_file=str(options.event),
        answers={name: outcome.text for name, outcome in outcomes.items()},
        disagreements=rivals.disagreements(outcomes),
    )


def _searched(
    rivals: Rivals, events: Strategy, options: SearchOptions, console: Console
) -> SearchResult:
    started = time.monotonic()
    with console.status("searching") as status:
        outcome = hunt(
            events,
            _with_status(rivals, options.limits, status),
            options.limits,
            random.Random(options.seed),  # noqa: S311 - inputs, no secret
            time.monotonic,
        )
    result = SearchResult(
        workload=rivals.workload.name,
        variants=rivals.names,
        seed=options.seed,
        inputs=outcome.inputs,
        smaller=outcome.smaller,
        smallest=outcome.smallest,
        exhausted=outcome.exhausted,
        seconds=time.monotonic() - started,
    )
    return _with_event(result, outcome.event, rivals, options) if outcome.succeeded else result


def _with_event(
    result: SearchResult, event: Any, rivals: Rivals, options: SearchOptions
) -> SearchResult:
    """Call the found event once more and write it to a file."""
    first, outcomes = rivals.differed, rivals.call(event)
    again = bool(rivals.disagreements(outcomes))
    outcomes = outcomes if again else first
    now = datetime.now(UTC)
    file = options.out or RUNS / f"search-{now:%Y%m%dt%H%M%S}-{result.workload}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(event, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as failure:
        raise HostError(
            f"The event that was found cannot be written: {failure.strerror}",
            place=str(file),
            next_step=f"Give another file with --out. The event is {json.dumps(event)}",
        ) from failure
    return msgspec.structs.replace(
        result,
        event=event,
        event_file=str(file),
        answers={name: outcome.text for name, outcome in outcomes.items()},
        disagreements=rivals.disagreements(outcomes),
        again=again,
    )


def _with_status(rivals: Rivals, limits: Limits, status: Status) -> Callable[[Any], bool]:
    """`rivals.differ`, which also updates the status line."""
    started = last = time.monotonic()
    inputs = 0

    def differ(event: Any) -> bool:
        nonlocal last, inputs
        inputs += 1
        now = time.monotonic()
        if now - last >= _STATUS_EVERY_S:
            last = now
            remaining_s = max(0.0, started + limits.seconds - now)
            status.update(
                f"{inputs:,} inputs tried, a difference found: reducing its event"
                if rivals.differed
                else f"{inputs:,} inputs tried, no difference yet, {remaining_s:.0f} s left"
            )
        return rivals.differ(event)

    return differ
