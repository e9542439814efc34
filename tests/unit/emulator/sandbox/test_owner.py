from __future__ import annotations

import os

import pytest

from lambdameter.emulator.sandbox import owner
from lambdameter.emulator.sandbox.processes import start_ticks

LIVE = os.getpid()
DEAD = 2**22 + 1  # above the kernel's largest pid
HERE = owner.pid_namespace()


@pytest.mark.parametrize("which", [0, "xgur_1jh8"])
def test_a_live_owner_is_not_dead(which: int | str) -> None:
    assert not owner.is_dead(owner.name(LIVE, which))


@pytest.mark.parametrize("ticks", [1, None])
def test_a_pid_that_is_gone_or_was_given_again_is_dead(ticks: int | None) -> None:
    pid = LIVE if ticks else DEAD
    assert start_ticks(pid) != ticks or ticks is None
    assert owner.is_dead(f"lambdameter-{pid}-1-{HERE}-0")


@pytest.mark.parametrize(
    "name", [f"lambdameter-{DEAD}-1-{HERE + 1}-0", f"lambdameter-{DEAD}-1-{HERE}", "lambdameter-1"]
)
def test_of_other_names_and_namespaces_nothing_is_claimed(name: str) -> None:
    assert not owner.is_dead(name)
