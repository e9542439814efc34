"""Run in the virtual machine alone, as a user whose slice has memory and pids, but not cpu."""

from __future__ import annotations

from pathlib import Path

from lambdameter.emulator.sandbox import detect


def test_the_next_best_is_taken_and_what_to_type_is_told(tmp_path: Path) -> None:
    """As for a user of a distribution that delegates no more."""
    told = detect(tmp_path).enforcement
    assert told.by == "duty cycle"
    assert "delegated to this user without the controller cpu" in told.missing
    assert "Delegate=cpu memory pids" in told.missing
