from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_what_was_made_is_told_with_the_command_that_runs_it(
    command: Command, tmp_path: Path
) -> None:
    told = command("new", "orders")
    assert told.exit_code == 0
    assert "  orders/workload.toml\n" in told.stdout
    assert "lambdameter run ./orders " in told.stdout
    assert (tmp_path / "orders" / "workload.toml").is_file()


def test_a_second_time_is_refused(command: Command) -> None:
    command("new", "orders")
    told = command("new", "orders")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "orders exists already" in told.stderr
