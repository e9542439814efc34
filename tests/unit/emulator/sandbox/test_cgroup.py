from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup, cgroup_tree
from lambdameter.emulator.sandbox.allowance import Allowance
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.errors import HostError


def _isolation(group: Group) -> str:
    return cgroup.enforcement(
        "cgroup v9", group, Allowance(tuple(range(6)), 6.0, 20_000), "alone"
    ).isolation


def test_the_limit_on_processes_is_claimed_only_where_it_is_enforced(tmp_path: Path) -> None:
    assert "1,024 processes" in _isolation(Group({"cpu": tmp_path, "pids": tmp_path}))
    assert "processes" not in _isolation(Group({"cpu": tmp_path}))


def test_a_shortfall_of_the_host_is_told_beside_the_cpu_share(tmp_path: Path) -> None:
    host = Allowance((0, 1), 1.5, 4_000)
    told = cgroup.enforcement("cgroup v9", Group({"cpu": tmp_path}), host, "alone")
    assert told.cpu.endswith("; at most 2 vCPUs visible, because this host has no more")
    assert (told.vcpus, told.memory_mb, told.missing) == (1.5, 4_000, "")


def test_what_the_kernel_refuses_names_the_file_and_the_way_out() -> None:
    with pytest.raises(HostError) as caught, cgroup.kernel("do it"):
        Path("/nowhere/cpu.max").write_text("1")
    assert (caught.value.cause, caught.value.place) == (
        "Cannot do it: No such file or directory",
        "/nowhere/cpu.max",
    )
    assert "none" in caught.value.next_step


def test_a_v2_group_is_let_go_before_it_is_removed(tmp_path: Path) -> None:
    for file in ("cpu.max", "cgroup.freeze", "cgroup.kill"):
        (tmp_path / file).touch()
    assert not cgroup_tree.erase(tmp_path)  # its files are real ones here and stay
    told = [(tmp_path / file).read_text() for file in ("cpu.max", "cgroup.freeze", "cgroup.kill")]
    assert told == ["max", "0", "1"]
