"""The command line's list of commands, which are imported when they are used."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer.main

from lambdameter import cli

SLOW = {"boto3", "hypothesis", "jsonschema", "numpy", "scipy", "scipy.special", "uvicorn"}


def imported(program: str) -> set[str]:
    """Those of the slow packages that a program imports."""
    tell = f"import sys\n{program}\nprint(*({SLOW} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_has_its_function_and_its_line_on_the_help_page(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.main.get_group(cli.app)
    context = typer.Context(app)
    command = app.get_command(context, name)
    assert command is not None
    app.get_help(context)
    (line,) = re.findall(rf"│ {name} +(\w+)", capsys.readouterr().out)
    assert line == str(command.help).split()[0]


def test_a_command_that_is_not_there_is_none() -> None:
    app = typer.main.get_group(cli.app)
    assert app.get_command(typer.Context(app), "calibrate") is None


@pytest.mark.parametrize(
    ("program", "slow"),
    [
        ("import lambdameter.cli", set()),
        ("import lambdameter.cli.new", set()),
        ("import lambdameter.cli.report", {"numpy", "scipy"}),
        ("import lambdameter.emulator.__main__", set()),
    ],
)
def test_nothing_slow_is_imported_that_is_not_needed(program: str, slow: set[str]) -> None:
    assert imported(program) <= slow
