"""`lambdameter new`: a workload of one's own to begin with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.scaffold.new import new as make


def new(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="A folder that is not there yet.")],
) -> None:
    """Make a workload that runs at once, in Python and in Rust; your own code goes into it."""
    files = make(name)
    run = shlex.quote(str(name) if name.is_absolute() else f"./{name}")
    lines = [
        *(f"  {name / file}" for file in files),
        "",
        f"Next: lambdameter run {run}       # the Rust variant is built, about a minute",
        f"      lambdameter search {run}    # an event on which they differ, if one is found",
        "",
    ]
    sys.stdout.write("\n".join(lines))
