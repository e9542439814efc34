from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdameter.emulator import leftovers
from lambdameter.emulator.sandbox import cgroup_tree, owner
from lambdameter.emulator.sandbox.processes import start_ticks

LIVE = os.getpid()
DEAD = 2**22 + 1  # above the kernel's largest pid


def folder(tmp_path: Path, pid: int, ticks: int | None, namespace: int) -> Path:
    made = tmp_path / f"lambdameter-{pid}-{ticks}-{namespace}-abc"
    (made / "code").mkdir(parents=True)
    return made


@pytest.fixture(autouse=True)
def no_hierarchies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups have tests of their own, and another run's are none of ours."""
    monkeypatch.setattr(cgroup_tree, "mount_points", lambda *_: set())


def test_the_folder_of_a_dead_owner_is_removed_and_named(tmp_path: Path) -> None:
    left = folder(tmp_path, DEAD, 1, owner.pid_namespace())
    assert leftovers.clear(tmp_path) == (str(left),)
    assert not left.exists()


def test_a_pid_that_was_given_again_is_no_owner(tmp_path: Path) -> None:
    left = folder(tmp_path, LIVE, 1, owner.pid_namespace())
    assert leftovers.clear(tmp_path) == (str(left),)


def test_the_folder_of_a_live_owner_stays(tmp_path: Path) -> None:
    live = folder(tmp_path, LIVE, start_ticks(LIVE), owner.pid_namespace())
    assert leftovers.clear(tmp_path) == ()
    assert live.is_dir()


def test_another_pid_namespaces_folder_stays(tmp_path: Path) -> None:
    foreign = folder(tmp_path, DEAD, 1, owner.pid_namespace() + 1)
    assert leftovers.clear(tmp_path) == ()
    assert foreign.is_dir()


def test_a_folder_that_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "lambdameter-notes").mkdir()
    assert leftovers.clear(tmp_path) == ()


def test_a_folder_of_our_own_is_not_cleared_while_we_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = leftovers.make_folder()
    assert leftovers.clear() == ()
    assert made.is_dir()
