from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup_tree, owner
from lambdameter.emulator.sandbox.cgroup_tree import ControlFile, Group

NAMESPACE = Path("/proc/self/ns/pid").stat().st_ino
ALL = frozenset({"cpu", "cpuacct", "memory"})


def _proc(folder: Path, mountinfo: str, cgroup: str) -> Path:
    (folder / "self").mkdir(parents=True)
    (folder / "self" / "mountinfo").write_text(mountinfo)
    (folder / "self" / "cgroup").write_text(cgroup)
    return folder


def _mount(mount_point: str, options: str, root: str = "/", kind: str = "cgroup") -> str:
    return f"32 31 0:29 {root} {mount_point} rw,relatime shared:4 - {kind} {kind} rw,{options}\n"


def test_separate_hierarchies_are_found_below_our_own_cgroup(tmp_path: Path) -> None:
    mounts = _mount("/cg/cpu", "cpu") + _mount("/cg/memory", "memory")
    proc = _proc(tmp_path, mounts, "3:memory:/system/us\n1:cpu:/\n0::/\n")
    folders = cgroup_tree.own_folders(ALL, proc)
    assert folders == {"cpu": Path("/cg/cpu"), "memory": Path("/cg/memory/system/us")}


def test_controllers_that_are_mounted_together_share_a_folder(tmp_path: Path) -> None:
    proc = _proc(tmp_path, _mount("/cg/cpu,cpuacct", "cpu,cpuacct"), "1:cpu,cpuacct:/us\n")
    folder = Path("/cg/cpu,cpuacct/us")
    assert cgroup_tree.own_folders(ALL, proc) == {"cpu": folder, "cpuacct": folder}


@pytest.mark.parametrize("membership", ["/docker/1", "/../../elsewhere"])
def test_in_a_container_the_mount_may_be_our_own_cgroup(tmp_path: Path, membership: str) -> None:
    mounts = _mount("/cg/memory", "memory", root="/docker/1")
    proc = _proc(tmp_path, mounts, f"3:memory:{membership}\n")
    assert cgroup_tree.own_folders(ALL, proc) == {"memory": Path("/cg/memory")}


def test_version_2_and_other_file_systems_have_no_v1_controllers(tmp_path: Path) -> None:
    mounts = _mount("/cg", "memory", kind="cgroup2") + _mount("/", "cpu", kind="ext4")
    proc = _proc(tmp_path, mounts, "0::/\n")
    assert cgroup_tree.own_folders(ALL, proc) == {}


def test_of_version_2_there_is_one_folder_for_all_controllers(tmp_path: Path) -> None:
    mounts = _mount("/cg", "nsdelegate", kind="cgroup2") + _mount("/", "cpu", kind="ext4")
    proc = _proc(tmp_path, mounts, "0::/user.slice/us\n")
    folders = cgroup_tree.own_folders(frozenset({cgroup_tree.UNIFIED}), proc)
    assert folders == {cgroup_tree.UNIFIED: Path("/cg/user.slice/us")}
    assert cgroup_tree.mount_points(ALL, proc) == {Path("/cg")}


def test_a_space_in_a_mount_point_is_read(tmp_path: Path) -> None:
    proc = _proc(tmp_path, _mount(r"/my\040cg", "cpu"), "1:cpu:/\n")
    assert cgroup_tree.mount_points(ALL, proc) == {Path("/my cg")}


def test_a_group_writes_each_setting_in_its_own_hierarchy(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    group = Group({"cpu": tmp_path / "a", "memory": tmp_path / "b"}).below("x")
    group.make()
    group.write("memory", "limit", 5)
    assert (tmp_path / "b" / "x" / "limit").read_text() == "5"
    assert group.has("memory", "limit")
    assert not group.has("cpu", "limit")
    assert not group.has("pids")


def test_a_control_file_stays_open_and_gives_what_it_holds_now(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("one")
    file = ControlFile(path, os.O_RDWR)
    assert file.read() == b"one"
    path.rename(tmp_path / "moved")
    (tmp_path / "moved").write_text("two")
    assert file.read() == b"two"
    file.write(7)
    assert (tmp_path / "moved").read_text() == "7\no"
    file.close()
    with pytest.raises(FileNotFoundError):
        file.read()


def test_a_write_that_the_kernel_refuses_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    file = ControlFile(path, os.O_WRONLY)
    with pytest.raises(OSError, match="No space") as caught:
        file.write(1)
    assert caught.value.filename == path
    file.close()


def test_a_group_may_be_nested_in_some_hierarchies_alone(tmp_path: Path) -> None:
    group = Group({"cpu": tmp_path / "a" / "x", "freezer": tmp_path / "b" / "x"})
    inner = group.below("hold", {"freezer"})
    assert inner.controllers == ("freezer",)
    assert (group | inner).join_files() == (
        str(tmp_path / "a" / "x" / "cgroup.procs"),
        str(tmp_path / "b" / "x" / "hold" / "cgroup.procs"),
    )
    assert inner.path("freezer", "state") == tmp_path / "b" / "x" / "hold" / "state"


def test_a_shared_folder_is_made_and_joined_once(tmp_path: Path) -> None:
    group = Group({"cpu": tmp_path / "x", "cpuacct": tmp_path / "x"})
    group.make()
    assert group.join_files() == (str(tmp_path / "x" / "cgroup.procs"),)


def test_processes_of_other_namespaces_are_not_ours_to_kill(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text("0\n12\n0\n")
    assert Group({"cpu": tmp_path}).pids("cpu") == [12]


def test_a_folder_that_is_not_there_is_erased() -> None:
    assert cgroup_tree.erase(Path("/nowhere/at/all"))


def test_before_it_is_removed_a_group_is_thawed_and_granted_cpu(tmp_path: Path) -> None:
    (tmp_path / "freezer.state").write_text("FROZEN")
    (tmp_path / "cpu.cfs_quota_us").write_text("1447")
    assert not cgroup_tree.erase(tmp_path)  # its files are real ones here and stay
    assert (tmp_path / "freezer.state").read_text() == "THAWED"
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == "-1"


def test_a_nested_group_is_thawed_and_removed_with_the_one_around_it(tmp_path: Path) -> None:
    inner = tmp_path / "x" / "hold"
    inner.mkdir(parents=True)
    (inner / "freezer.state").write_text("FROZEN")
    assert not cgroup_tree.erase(tmp_path / "x")
    assert (inner / "freezer.state").read_text() == "THAWED"
    (inner / "freezer.state").unlink()
    assert cgroup_tree.erase(tmp_path / "x")


def test_what_dead_owners_left_is_removed_wherever_it_is(tmp_path: Path) -> None:
    dead = f"lambdameter-1-1-{NAMESPACE}-0"
    nested = tmp_path / "memory" / "scope" / dead
    (nested / "environment").mkdir(parents=True)
    (tmp_path / "cpu" / dead).mkdir(parents=True)
    removed = cgroup_tree.remove_leftovers({tmp_path / "cpu", tmp_path / "memory"}, _no_pause)
    assert removed == [tmp_path / "cpu" / dead, nested]
    assert not nested.exists()


def test_what_is_not_surely_a_dead_owners_is_kept(tmp_path: Path) -> None:
    kept = [
        owner.name(os.getpid(), 0),
        f"lambdameter-1-1-{NAMESPACE + 1}-0",
        "lambdameter-1",
        f"other-1-1-{NAMESPACE}-0",
    ]
    for name in kept:
        (tmp_path / name).mkdir()
    assert cgroup_tree.remove_leftovers({tmp_path}, _no_pause) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_pid_that_was_used_again_is_no_owner(tmp_path: Path) -> None:
    name = f"lambdameter-{os.getpid()}-1-{NAMESPACE}-0"
    (tmp_path / name).mkdir()
    assert cgroup_tree.remove_leftovers({tmp_path}, _no_pause) == [tmp_path / name]


def test_what_another_user_left_is_that_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"lambdameter-1-1-{NAMESPACE}-0").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert cgroup_tree.remove_leftovers({tmp_path}, _no_pause) == []


def test_what_cannot_be_removed_is_given_up_and_not_reported(tmp_path: Path) -> None:
    stuck = tmp_path / f"lambdameter-1-1-{NAMESPACE}-0"
    stuck.mkdir()
    (stuck / "file").touch()
    pauses: list[float] = []
    assert cgroup_tree.remove_leftovers({tmp_path}, pauses.append) == []
    assert 0 < sum(pauses) <= 2


def _no_pause(_seconds: float) -> None:
    pytest.fail("everything is gone at the first step")
