"""docs/ci/lambdameter.yml: that it is YAML, and that what it runs exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from lambdameter import cli

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "docs" / "ci" / "lambdameter.yml"
FOLDED = re.compile(r"run: (?:>-\n)?((?:.+\n)+?)(?= {6}- |\Z)")


def commands() -> list[list[str]]:
    """What is run of ours: name and arguments, without the shell's redirections."""
    found = []
    for block in FOLDED.findall(WORKFLOW.read_text()):
        _, ours, rest = block.partition("lambdameter ")
        if ours:
            found.append(shlex.split(re.sub(r">.*", "", " ".join(rest.split()))))
    return found


def test_every_command_in_it_exists_with_its_flags() -> None:
    app = typer.main.get_command(cli.app)
    named = []
    for name, *arguments in commands():
        command = app.get_command(app.make_context("lambdameter", [name]), name)  # type: ignore[attr-defined]
        assert command is not None, name
        command.make_context(name, list(arguments))  # fails on a flag that is not there
        named.append(name)
    assert named == ["doctor", "run", "run", "compare"]


def test_a_flag_that_is_not_there_would_be_found() -> None:
    app = typer.main.get_command(cli.app)
    command = app.get_command(app.make_context("lambdameter", ["run"]), "run")  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="No such option"):
        command.make_context("run", ["--colder"])


def test_it_parses_and_both_runs_are_made_alike(require: Callable[[bool, str], None]) -> None:
    require(importlib.util.find_spec("yaml") is not None, "needs PyYAML")
    document = importlib.import_module("yaml").safe_load(WORKFLOW.read_text())
    steps = document["jobs"]["compare"]["steps"]
    runs = {step["name"]: step["run"] for step in steps if "run" in step and "name" in step}
    assert runs["Measure HEAD"] == runs["Measure BASE"].replace("base", "head")
    assert document["permissions"] == {"contents": "read", "pull-requests": "write"}
