"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from lambdameter.emulator.sandbox import WAYS
from lambdameter.measure import plan
from lambdameter.report import terminal
from lambdameter.stats import sequential

Markdown = Annotated[
    bool, typer.Option("--markdown", help="Output as Markdown, for a comment on a pull request.")
]
Full = Annotated[
    bool, typer.Option("--full", help="Every section of the report, not only the verdict's.")
]
Only = Annotated[
    str | None,
    typer.Option(
        metavar="PART,...",
        help=f"Parts of the full report, separated by commas: {', '.join(terminal.PARTS)}.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Output as JSON (docs/json.md).")]
Rounds = Annotated[
    str | None,
    typer.Option(
        "--rounds",
        "--cold",
        metavar="N|auto",
        help="Number of rounds: execution environments per variant, case and memory "
        "size, each with one cold call. Default: the workload's number, or "
        f"{plan.ROUNDS}, or fewer if calls take long. `auto` goes on until "
        f"every difference is decided, for at most {sequential.LOOKS[-1]} "
        "rounds.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Time limit for measuring with --rounds auto: 90s, 5m, 1h. A round "
        "that would exceed the limit is not started.",
    ),
]
Sandbox = Annotated[
    str,
    typer.Option(help=f"Method that enforces CPU and memory limits: auto, {', '.join(WAYS)}."),
]
LocalSandbox = Annotated[
    str,
    typer.Option(
        help=f"Method that enforces CPU and memory limits: auto, {', '.join(WAYS)}; local "
        "target only."
    ),
]
LocalFaults = Annotated[
    str | None,
    typer.Option(
        metavar="KIND=P,...",
        help="Faults injected into the functions' requests, with their probability: "
        "unprocessed, throttle, 5xx, cut; local target only.",
    ),
]
