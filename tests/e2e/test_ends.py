"""Runs that end in the middle: what was measured stays, and nothing else does."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lambdameter.samples import RunFolder

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


def test_a_data_plane_that_dies_ends_the_run_with_its_name(running: Any):
    running.parts["data plane"].kill()
    told = running.end()
    assert told.exit_code == 4
    assert "error: The data plane has died (exit status -9)" in told.stderr
    assert "also:  the samples so far are in run" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    assert running.left() == []


def test_an_emulator_that_dies_ends_the_run_with_its_name(running: Any):
    running.parts["emulator"].kill()
    told = running.end()
    assert told.exit_code == 4
    assert "error: The local Lambda has died (exit status -9)" in told.stderr
    assert "also:  the samples so far are in run" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


def test_an_interrupt_stops_cleanly_and_says_where_the_samples_are(running: Any):
    running.process.send_signal(signal.SIGINT)
    told = running.end()
    assert told.exit_code == 130
    assert told.stderr.splitlines()[-1] == "interrupted; the samples so far are in run"
    assert told.stdout == ""
    assert running.left() == []


def test_a_command_that_is_killed_takes_all_that_it_started_with_it(running: Any):
    running.process.kill()
    assert running.end().exit_code == -signal.SIGKILL
    assert running.left() == []
