"""Runs that end in the middle: what was measured stays, and nothing else does."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lambdameter.measure.run_folder import RunFolder

# The cold call is over at once; the warm one, on all 50,000 records, is still under way.
LONG = ("--variants", "python", "--cases", "csv", "--set", "cold.records=100", "--out", "run")


@pytest.fixture
def running(lambdameter: Callable[..., Any]) -> Iterator[Any]:
    command = lambdameter("run", "etl", *LONG)
    command.until("1/2")
    yield command
    kept = RunFolder.open(command.folder / "run").samples()
    assert [sample.trial.call for sample in kept.samples] == ["cold"]
    assert not kept.truncated


def test_a_data_plane_that_dies_ends_the_run_with_its_name(running: Any) -> None:
    running.parts["data plane"].kill()
    told = running.end()
    assert told.exit_code == 4
    assert "error: The local services died (exit status -9)" in told.stderr
    assert "also:  the samples so far are in run" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    assert running.left() == []


def test_an_emulator_that_dies_ends_the_run_with_its_name(running: Any) -> None:
    running.parts["emulator"].kill()
    told = running.end()
    assert told.exit_code == 4
    assert "error: The local Lambda died (exit status -9)" in told.stderr
    assert "also:  the samples so far are in run" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    assert running.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_cleanly_and_says_where_the_samples_are(
    running: Any, number: signal.Signals
) -> None:
    running.process.send_signal(number)
    told = running.end()
    assert told.exit_code == 130
    first, last = told.stderr.splitlines()[-2:]
    assert first == "interrupted: stopping (interrupt again to stop at once)"
    assert last.startswith("interrupted; the samples so far are in run; continue with")
    assert told.stdout == ""
    assert running.left() == []


def test_a_second_interrupt_ends_it_at_once_and_the_emulator_leaves_by_itself(running: Any) -> None:
    emulator = running.parts["emulator"]
    emulator.suspend()  # so that the clean-up cannot come to its end
    running.process.send_signal(signal.SIGINT)
    running.until("interrupted: stopping")
    running.process.send_signal(signal.SIGINT)
    told = running.end()
    assert told.exit_code == 130
    last = told.stderr.splitlines()[-1]
    assert last.startswith(
        "interrupted twice: stopped at once; the samples so far are in run; continue"
    )
    assert told.stdout == ""
    emulator.resume()
    assert running.left() == []


def test_a_command_that_is_killed_takes_all_that_it_started_with_it(running: Any) -> None:
    running.process.kill()
    assert running.end().exit_code == -signal.SIGKILL
    assert running.left() == []


SMALL = ("--set", "records=2000", "--set", "cold.records=100", "--cases", "csv")


VICTIMS = ("command", "emulator", "data plane", "function")


@pytest.mark.parametrize("seed", range(len(VICTIMS)))
def test_a_run_with_a_victim_at_a_random_moment_is_resumed_to_the_same_plan_and_proved_equal(
    lambdameter: Callable[..., Any], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - moments, no secret
    victim, line = VICTIMS[seed % len(VICTIMS)], chance.randint(1, 3)
    killed = lambdameter("run", "etl", *SMALL, "--variants", "python,rust", "--out", "run")
    killed.until(f"{line}/4")
    killed.for_a_moment(chance.uniform(0, 0.5))
    (killed.process if victim == "command" else killed.parts[victim]).kill()
    killed.end()
    folder = killed.folder / "run"
    before = RunFolder.open(folder).samples().samples
    assert len(before) >= line

    resumed = lambdameter("run", "--resume", "run", "--json", folder=killed.folder)
    told = resumed.end()
    assert told.exit_code == 0, told.stderr
    run = RunFolder.open(folder)
    kept = run.samples().samples
    assert sorted(one.trial.index for one in kept) == [0, 1, 2, 3]
    assert kept[: line - line % 2] == before[: line - line % 2]  # whole environments
    assert sum(one.error is not None for one in kept) <= (victim == "function")
    document = json.loads(told.stdout)
    assert document["run"]["complete"]
    assert document["equality"]["equal"]


def test_a_function_that_is_killed_is_a_failed_sample_and_the_run_goes_on(
    lambdameter: Callable[..., Any],
) -> None:
    command = lambdameter("run", "etl", *LONG)
    command.until("1/2")
    command.for_a_moment(1.0)  # the warm call takes ten times as long
    command.parts["function"].kill()
    told = command.end()
    assert told.exit_code == 0, told.stderr
    cold, warm = RunFolder.open(command.folder / "run").samples().samples
    assert cold.error is None
    assert warm.error is not None
    assert (warm.error.kind, warm.error.type) == ("function", "Runtime.ExitError")
    assert command.left() == []


# Tells that it is there, by the end that it opens of a named pipe; then does nothing.
BLOCKED = """
import pathlib, signal
pathlib.Path("{pipe}").write_text("there")
signal.pause()
"""


def interrupted_while_blocked(command: Any, pipe: Path) -> None:
    """SIGTERM goes to the command alone, which takes whatever is blocked with it."""
    assert pipe.read_text() == "there"
    (blocked,) = psutil.Process(command.process.pid).children()
    command.process.terminate()
    told = command.end()
    assert told.exit_code == 130
    assert told.stderr.splitlines()[-1] == "interrupted; nothing was measured yet"
    assert not blocked.is_running()


def test_an_interrupt_while_the_data_is_made_leaves_no_generator_and_no_half_of_it(
    lambdameter: Callable[..., Any], plant: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, pipe = plant(""), tmp_path / "pipe"
    os.mkfifo(pipe)
    (folder / "generate.py").write_text(BLOCKED.format(pipe=pipe))
    cache = tmp_path / "cache"
    asked = ("--variants", "planted", "--out", "run")
    command = lambdameter("run", str(folder), *asked, XDG_CACHE_HOME=str(cache))
    interrupted_while_blocked(command, pipe)
    assert list((cache / "lambdameter" / "datasets").iterdir()) == []
    assert list(command.temporary.iterdir()) == []


def test_an_interrupt_while_cargo_builds_leaves_neither_it_nor_the_emulator(
    lambdameter: Callable[..., Any], tmp_path: Path
) -> None:
    pipe, there = tmp_path / "pipe", tmp_path / "bin"
    os.mkfifo(pipe)
    there.mkdir()
    code = BLOCKED.format(pipe=pipe)
    (there / "cargo").write_text(f"#!{sys.executable}\n{code}")
    (there / "cargo").chmod(0o755)
    path = f"{there}{os.pathsep}{os.environ['PATH']}"
    command = lambdameter("run", "etl", *SMALL, "--variants", "rust", "--out", "run", PATH=path)
    assert pipe.read_text() == "there"
    command.note()
    command.process.terminate()
    told = command.end()
    assert told.exit_code == 130
    assert told.stderr.splitlines()[-1] == "interrupted; nothing was measured yet"
    assert {"emulator", "cargo"} <= command.parts.keys()
    assert command.left() == []


def test_what_is_left_of_a_killed_emulator_is_cleaned_up_by_the_next_run_which_says_so(
    lambdameter: Callable[..., Any],
) -> None:
    killed = lambdameter("run", "etl", *SMALL, "--variants", "rust", "--out", "one")
    killed.until("1/2")
    killed.process.kill()
    killed.parts["emulator"].kill()
    killed.process.wait()
    after = lambdameter(
        "run", "etl", *SMALL, "--variants", "rust", "--out", "two", folder=killed.folder
    )
    told = after.end()
    assert told.exit_code == 0
    assert "cleaned up after a run that was killed: " in told.stderr
    assert killed.left() == []


def test_two_runs_at_the_same_time_do_not_disturb_each_other(
    lambdameter: Callable[..., Any],
) -> None:
    both = [
        lambdameter("run", "etl", *SMALL, "--variants", "rust", "--out", "run") for _ in range(2)
    ]
    assert [one.end().exit_code for one in both] == [0, 0]
