from __future__ import annotations

import errno
import os
import subprocess
import sys
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


def test_a_full_disk_is_the_environments_fault(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "report.html")

    monkeypatch.setattr(cli, "app", full)
    told = command()
    assert told.exit_code == HostError.exit_code
    assert told.stderr.splitlines() == [
        "error: A file cannot be written: No space left on device",
        "  where: report.html",
        "  next:  Free some space on this disk.",
    ]


def test_another_error_of_the_system_is_not_called_a_full_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed() -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(cli, "app", closed)
    with pytest.raises(OSError, match="Bad file descriptor"):
        cli.main()


@pytest.mark.parametrize(
    "write", ["sys.stdout.write('x' * 100_000)", "rich.get_console().print('x')"]
)
def test_output_that_nobody_reads_is_not_a_negative_verdict(write: str) -> None:
    program = f"""
import sys, rich, typer
from lambdameter import cli
cli.app = typer.Typer()
@cli.app.command()
def report(): {write}
cli.main()
"""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([sys.executable, "-c", program], stdout=writer, check=False)
    finally:
        os.close(writer)
    assert ended.returncode == cli.OUTPUT_CLOSED
