"""The pure parts, and what is asked of a control file, on folders that stand for cgroups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup_v1
from lambdameter.emulator.sandbox.allowance import Allotment
from lambdameter.emulator.sandbox.base import PacerFiles
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.emulator.sandbox.cgroup_v1 import CgroupV1Sandbox
from lambdameter.errors import HostError

CPU_STAT = b"nr_periods 37\nnr_throttled 22\nthrottled_time 1234567890\nnr_bursts 0\nburst_time 0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "environment"


@pytest.fixture
def sandbox(folder: Path, allotment: Allotment) -> CgroupV1Sandbox:
    group = Group(dict.fromkeys(cgroup_v1.NEEDED, folder))
    made = CgroupV1Sandbox(group, allotment, pause=lambda _: None)
    made.make()
    return made


def pacer_files_of(sandbox: CgroupV1Sandbox) -> PacerFiles | None:
    """Asked anew: they change with the files."""
    return sandbox.pacer_files


def _state(folder: Path, *, kills: int = 0, usage: int = 0) -> None:
    (folder / "cpuacct.usage").write_text(f"{usage}\n")
    (folder / "cpu.stat").write_bytes(CPU_STAT)
    (folder / "cgroup.procs").write_text("")
    control = f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n"
    (folder / "memory.oom_control").write_text(control)


def setting(folder: Path, file: str) -> str:
    """What was written last: a real file keeps the end of a longer value before it."""
    return (folder / file).read_text().splitlines()[0]


def test_throttled_time_is_in_nanoseconds() -> None:
    assert cgroup_v1.throttled_ms(CPU_STAT) == pytest.approx(1234.56789)


def test_oom_kills_are_counted() -> None:
    assert cgroup_v1.oom_kills(b"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n") == 3


def test_an_old_kernel_cannot_tell_oom_kills() -> None:
    assert cgroup_v1.oom_kills(b"oom_kill_disable 0\nunder_oom 0\n") is None


def test_the_share_is_granted_and_taken(sandbox: CgroupV1Sandbox, folder: Path) -> None:
    sandbox.throttle()
    assert setting(folder, "cpu.cfs_quota_us") == "1447"
    sandbox.unthrottle()
    assert setting(folder, "cpu.cfs_quota_us") == "-1"


def test_what_holds_it_is_another_groups_freezer_than_the_one_that_freezes(
    sandbox: CgroupV1Sandbox, folder: Path
) -> None:
    assert pacer_files_of(sandbox) is None
    (folder / "hold" / "freezer.state").touch()
    (folder / "cpuacct.usage_percpu").touch()
    pacer_files = pacer_files_of(sandbox)
    assert pacer_files is not None
    assert (pacer_files.hold, pacer_files.freeze, pacer_files.thaw) == (
        folder / "hold" / "freezer.state",
        "FROZEN",
        "THAWED",
    )
    assert pacer_files.usage == folder / "cpuacct.usage_percpu"
    assert (pacer_files.quota_ns, pacer_files.counts) == (1_447_145, "ns_per_cpu")
    sandbox.freeze()
    assert (folder / "hold" / "freezer.state").read_text() == ""


def test_one_that_has_all_its_cpus_has_levers_and_no_quota(
    folder: Path, allotment: Allotment
) -> None:
    group = Group(dict.fromkeys(cgroup_v1.NEEDED, folder))
    made = CgroupV1Sandbox(group, allotment._replace(quota_ns=None))
    made.make()
    (folder / "hold" / "freezer.state").touch()
    (folder / "cpuacct.usage_percpu").touch()
    assert made.pacer_files is not None
    assert made.pacer_files.quota_ns is None


def test_cpu_time_is_told_in_milliseconds(sandbox: CgroupV1Sandbox, folder: Path) -> None:
    _state(folder, usage=2_500_000)
    assert sandbox.counters().cpu_ms == 2.5


def test_after_an_oom_kill_the_limit_is_the_peak(sandbox: CgroupV1Sandbox, folder: Path) -> None:
    _state(folder, kills=1)
    assert (sandbox.counters().oom_kills, sandbox.counters().peak_memory_mb) == (1, 128)


def test_without_files_the_last_counters_hold(sandbox: CgroupV1Sandbox, folder: Path) -> None:
    _state(folder, usage=7_000_000)
    before = sandbox.counters()
    for file in sandbox._files:
        file.close()
    shutil.rmtree(folder)
    assert sandbox.counters() == before


def test_an_environment_that_does_not_freeze_is_an_error(
    folder: Path, sandbox: CgroupV1Sandbox
) -> None:
    (folder / "freezer.state").symlink_to("/dev/null")
    sandbox.freeze()
    with pytest.raises(HostError, match="did not freeze"):
        sandbox.counters()


def test_the_quota_is_lifted_for_an_environment_that_takes_its_time_to_freeze(
    folder: Path, allotment: Allotment
) -> None:
    quotas = []

    def freezes_late(_seconds: float) -> None:
        quotas.append(setting(folder, "cpu.cfs_quota_us"))
        sandbox._freezer.close()
        state.unlink()
        state.write_text("FROZEN\n")

    group = Group(dict.fromkeys(cgroup_v1.NEEDED, folder))
    sandbox = CgroupV1Sandbox(group, allotment, pause=freezes_late)
    sandbox.make()
    state = folder / "freezer.state"
    state.symlink_to("/dev/null")
    sandbox.throttle()
    sandbox.freeze()
    assert quotas == []
    sandbox.thaw()
    assert quotas == ["-1"]
    assert setting(folder, "cpu.cfs_quota_us") == "1447"


def test_a_refused_write_names_the_file_and_the_way_out(
    folder: Path, sandbox: CgroupV1Sandbox
) -> None:
    (folder / "cpu.cfs_quota_us").mkdir()
    with pytest.raises(HostError) as caught:
        sandbox.throttle()
    assert caught.value.place == str(folder / "cpu.cfs_quota_us")
    assert '"none"' in caught.value.next_step
