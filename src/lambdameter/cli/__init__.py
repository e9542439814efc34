"""The command line: one file per command; errors become a message and an exit code."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from lambdameter.cli import (
    audit,
    compare,
    deploy,
    destroy,
    doctor,
    emulate,
    live,
    new,
    report,
    reproduce,
    run,
    search,
)
from lambdameter.errors import LambdameterError

app = typer.Typer(
    name="lambdameter",
    help="Compare variants of a Lambda function: verify that they do the same, "
    "measure them, price them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    run.run,
    report.report,
    compare.compare,
    audit.audit,
    search.search,
    new.new,
    reproduce.reproduce,
    emulate.emulate,
    live.live,
    doctor.doctor,
    deploy.deploy,
    destroy.destroy,
)
for command in COMMANDS:
    app.command()(command)


def _print_version(requested: bool) -> None:  # noqa: FBT001 - typer's form of a callback
    if requested:
        sys.stdout.write(f"{metadata.version('lambdameter')}\n")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options without a command."""


def main() -> None:
    """Run the command line; exit with the code that errors.py documents."""
    try:
        app()
    except LambdameterError as error:
        show_error(error)
        sys.exit(error.exit_code)


def show_error(error: LambdameterError) -> None:
    """Print cause, place, next step and notes of an error on stderr, without a traceback."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error:[/] {escape(error.cause)}")
    if error.place:
        console.print(f"  where: {escape(error.place)}")
    console.print(f"  next:  {escape(error.next_step)}")
    for note in getattr(error, "__notes__", ()):
        console.print(f"  also:  {escape(note)}")
