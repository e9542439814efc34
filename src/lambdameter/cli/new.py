"""`lambdameter new`: a workload of one's own to begin with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.workload.new import new as make


def new(
    name: Annotated[
        Path, typer.Argument(metavar="NAME", help="Folder to create for the workload.")
    ],
) -> None:
    """Create a workload with a Python and a Rust variant, ready to run and to edit."""
    files = make(name)
    run = shlex.quote(str(name) if name.is_absolute() else f"./{name}")
    lines = [
        *(f"  {name / file}" for file in files),
        "",
        (
            f"Next: lambdameter run {run}       # measure both variants; building Rust "
            "takes about a minute"
        ),
        f"      lambdameter search {run}    # search for an event on which they differ",
        "",
    ]
    sys.stdout.write("\n".join(lines))
