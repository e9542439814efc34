from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest

from lambdameter import cli
from lambdameter.errors import HostError

Command = Callable[..., Any]


def test_the_version_is_told(command: Command) -> None:
    told = command("--version")
    assert (told.exit_code, told.stdout) == (0, f"{metadata.version('lambdameter')}\n")


@pytest.mark.parametrize("name", ["run", "report", "search", "new", "emulate", "doctor"])
def test_every_command_has_a_help(command: Command, name: str) -> None:
    told = command(name, "--help")
    assert told.exit_code == 0
    assert f"lambdameter {name}" in told.stdout


def test_no_command_at_all_is_answered_with_the_help(command: Command) -> None:
    told = command()
    assert told.exit_code == 2
    assert "Commands" in told.stdout + told.stderr


@pytest.mark.parametrize("arguments", [("rum",), ("--colour",), ("report", "--colour", ".")])
def test_what_is_unknown_is_wrong_usage(command: Command, arguments: tuple[str, ...]) -> None:
    told = command(*arguments)
    assert told.exit_code == 2
    assert "--help" in told.stderr
    assert told.stdout == ""


def test_an_error_is_shown_with_cause_place_next_step_and_notes_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = HostError("No [bold] room", place="/disk[0]", next_step="Free [some].")
    error.add_note("the samples so far are in runs/[a]")
    cli.show_error(error)
    assert capsys.readouterr().err.splitlines() == [
        "error: No [bold] room",
        "  where: /disk[0]",
        "  next:  Free [some].",
        "  also:  the samples so far are in runs/[a]",
    ]


def test_an_error_without_a_place_has_no_line_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    cli.show_error(HostError("No room", next_step="Free some."))
    assert capsys.readouterr().err.splitlines() == ["error: No room", "  next:  Free some."]
