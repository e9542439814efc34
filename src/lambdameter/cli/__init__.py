"""The command line: one file per command; errors become a message and an exit code."""

from __future__ import annotations

import ast
import errno
import importlib
import sys
from importlib import metadata, resources
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from typer import _click as click  # typer brings its own, and its classes are in signatures
from typer.core import TyperCommand, TyperGroup

from lambdameter.errors import HostError, LambdameterError

# In the order of the help page: each is the function of that name in the module of that name.
COMMANDS = (
    "run",
    "report",
    "compare",
    "audit",
    "search",
    "new",
    "reproduce",
    "emulate",
    "live",
    "doctor",
    "deploy",
    "destroy",
)


class _LazyCommands(TyperGroup):
    """Imports a command's module only when that command is used: all of them take seconds.

    https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
    """

    _only_summaries = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command; for the help page, its name and docstring alone."""
        if cmd_name not in COMMANDS:
            return None
        if self._only_summaries:
            return TyperCommand(cmd_name, help=_docstring(cmd_name))
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(single)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page."""
        self._only_summaries = True
        super().format_help(ctx, formatter)
        self._only_summaries = False


def _docstring(command: str) -> str | None:
    tree = ast.parse((resources.files(__name__) / f"{command}.py").read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return next(ast.get_docstring(node) for node in functions if node.name == command)


app = typer.Typer(
    name="lambdameter",
    cls=_LazyCommands,
    help="Compare variants of a Lambda function: verify that they do the same, "
    "measure them, price them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


# As a shell has it for SIGPIPE: 128 + 13.
OUTPUT_CLOSED = 141


def main() -> None:
    """Run the command line; exit with the code that docs/exit-codes.md documents."""
    try:
        app()
    except SystemExit as ended:
        # typer and rich end with 1 where nobody reads their output, and 1 is a negative verdict.
        if isinstance(ended.__context__, BrokenPipeError):
            sys.exit(OUTPUT_CLOSED)
        raise
    except OSError as failure:
        if failure.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _end(
            HostError(
                f"A file cannot be written: {failure.strerror}",
                place=failure.filename,
                next_step="Free some space on this disk.",
            )
        )
    except LambdameterError as error:
        _end(error)


def _end(error: LambdameterError) -> NoReturn:
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
