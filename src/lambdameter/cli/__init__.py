"""The command line: one file per command; errors become one message and an exit code."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from lambdameter.cli import doctor, emulate, report, run
from lambdameter.errors import LambdameterError

app = typer.Typer(
    name="lambdameter",
    help="Prove that a port of a Lambda function does the same, measure both, price the bill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run.run, report.report, emulate.emulate, doctor.doctor):
    app.command()(command)


@app.callback()
def _several_commands() -> None:
    """Typer drops the command's name where there is one command alone; there never is."""


def main() -> None:
    """Run the command line; exit with the code that errors.py documents."""
    try:
        app()
    except LambdameterError as error:
        show_error(error)
        sys.exit(error.exit_code)


def show_error(error: LambdameterError) -> None:
    """Cause, place and next step on stderr, without a traceback."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error:[/] {escape(error.cause)}")
    if error.place:
        console.print(f"  where: {escape(error.place)}")
    console.print(f"  next:  {escape(error.next_step)}")
