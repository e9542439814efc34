"""Folders stand for cgroups, and a text for /proc/self/cgroup."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import delegation
from lambdameter.emulator.sandbox.cgroup import AbsentError
from lambdameter.emulator.sandbox.delegation import LEAF, DelegatedGroup
from lambdameter.errors import HostError

ALL = "cpuset cpu io memory pids"
OTHER = 2**22 + 1  # above the kernel's largest pid


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    mount = f"31 23 0:28 / {tmp_path}/cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    (folder / "self" / "mountinfo").write_text(mount)
    return folder


def _group(
    tmp_path: Path, name: str, *pids: int, controllers: str = ALL, enabled: str = ""
) -> Path:
    folder = tmp_path / "cg" / name
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text(controllers + "\n")
    (folder / "cgroup.subtree_control").write_text(enabled)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    (folder / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    return folder


def _enter(proc: Path, name: str) -> None:
    (proc / "self" / "cgroup").write_text(f"0::/{name}\n")


def _nobody() -> bool:
    return False


def _not_needed() -> bool:
    pytest.fail("systemd was asked without need")


def test_a_group_that_only_we_are_in_is_taken(tmp_path: Path, proc: Path) -> None:
    folder = _group(tmp_path, "service", os.getpid())
    _enter(proc, "service")
    assert delegation.claim(_not_needed, proc).top == folder


def test_the_root_of_all_may_hold_anybody(tmp_path: Path, proc: Path) -> None:
    folder = _group(tmp_path, "", os.getpid(), OTHER)
    (folder / "cgroup.events").unlink()
    _enter(proc, "")
    ground = delegation.claim(_not_needed, proc)
    ground.open()
    assert [path for path in folder.iterdir() if path.is_dir()] == []
    assert (folder / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_where_others_are_too_systemd_is_asked_for_a_group_of_our_own(
    tmp_path: Path, proc: Path
) -> None:
    _group(tmp_path, "session", os.getpid(), OTHER)
    scope = _group(tmp_path, "scope", os.getpid())
    _enter(proc, "session")
    waits: list[float] = []

    def late(seconds: float) -> None:
        waits.append(seconds)
        _enter(proc, "scope")

    assert delegation.claim(lambda: True, proc, late).top == scope
    assert len(waits) == 1


def test_where_nobody_can_be_asked_the_others_give_way(tmp_path: Path, proc: Path) -> None:
    folder = _group(tmp_path, "container", OTHER, enabled="memory")
    _enter(proc, "container")
    delegation.claim(_nobody, proc).open()
    assert (folder / LEAF / "cgroup.procs").read_text() == str(OTHER)
    assert (folder / "cgroup.subtree_control").read_text() == "+cpu +pids"


def test_from_the_leaf_the_group_above_is_found(tmp_path: Path, proc: Path) -> None:
    folder = _group(tmp_path, "container", enabled="cpu memory pids")
    _group(tmp_path, f"container/{LEAF}", os.getpid())
    _enter(proc, f"container/{LEAF}")
    assert delegation.claim(_not_needed, proc).top == folder


def test_closing_takes_the_controllers_back_first(tmp_path: Path) -> None:
    folder = _group(tmp_path, "container", OTHER)
    ground = DelegatedGroup(folder)
    ground.open()
    (folder / "cgroup.subtree_control").write_text("cpu memory pids")  # as the kernel tells it
    ground.close()
    assert (folder / "cgroup.subtree_control").read_text() == "-cpu -memory -pids"
    assert (folder / "cgroup.procs").read_text() == str(OTHER)


def test_without_cpu_it_says_what_to_type(
    tmp_path: Path, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _group(tmp_path, "slice", os.getpid(), controllers="memory pids")
    _enter(proc, "slice")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HostError) as caught:
        delegation.claim(_nobody, proc)
    assert caught.value.cause == ("cgroup v2 is delegated to this user without the controller cpu")
    assert "'[Service]\\nDelegate=cpu memory pids\\n'" in caught.value.next_step


def test_a_group_of_somebody_elses_is_refused_with_its_name(
    tmp_path: Path, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _group(tmp_path, "session", os.getpid())
    _enter(proc, "session")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(HostError, match="may not create cgroups") as caught:
        delegation.claim(_nobody, proc)
    assert caught.value.place == str(folder)


def test_without_v2_there_is_nothing_to_ask_for(tmp_path: Path, proc: Path) -> None:
    _enter(proc, "")
    (proc / "self" / "mountinfo").write_text("")
    with pytest.raises(AbsentError, match="no cgroup v2"):
        delegation.claim(_not_needed, proc)
    (proc / "self" / "mountinfo").write_text(
        f"31 23 0:28 / {tmp_path}/unified rw - cgroup2 cgroup2 rw\n"
        f"32 23 0:29 / {tmp_path}/cpu rw - cgroup cgroup rw,cpu\n"
    )
    (proc / "self" / "cgroup").write_text("1:cpu:/\n0::/\n")
    with pytest.raises(AbsentError, match="belong to cgroup v1"):
        delegation.claim(_not_needed, proc)


def test_systemd_is_asked_for_a_delegated_scope_around_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busctl = tmp_path / "busctl"
    busctl.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    busctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(delegation, "_SYSTEMD", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert delegation.enter_systemd_scope()
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("--user call org.freedesktop.systemd1 /org/freedesktop/systemd1 ")
    assert asked.endswith(f" fail 2 PIDs au 1 {os.getpid()} Delegate b true 0\n")


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", None])
def test_a_systemd_that_refuses_or_cannot_be_asked_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is not None:
        (tmp_path / "busctl").write_text(script)
        (tmp_path / "busctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(delegation, "_SYSTEMD", tmp_path)
    assert not delegation.enter_systemd_scope()
