"""What is asked of a control file, on folders that stand for cgroups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup_v2, delegation
from lambdameter.emulator.sandbox.allowance import Allotment
from lambdameter.emulator.sandbox.base import PacerFiles
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.emulator.sandbox.cgroup_v2 import CgroupV2Sandbox
from lambdameter.emulator.sandbox.delegation import DelegatedGroup
from lambdameter.errors import HostError

CPU_STAT = (
    "usage_usec {usage}\nuser_usec 1\nsystem_usec 1\nnr_periods 37\nnr_throttled 22\n"
    "throttled_usec 1234567\nnr_bursts 0\nburst_usec 0\n"
)
FILES = ("cpu.max", "memory.max", "memory.swap.max", "pids.max")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A group as the kernel makes it, with its files in it."""
    return tmp_path / "environment"


@pytest.fixture
def sandbox(folder: Path, allotment: Allotment, monkeypatch: pytest.MonkeyPatch) -> CgroupV2Sandbox:
    def kernel_makes(path: Path) -> None:
        make(path)
        for file in FILES:
            (path / file).touch()

    make = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", kernel_makes)
    made = CgroupV2Sandbox(_group(folder), allotment, pause=lambda _: None)
    made.make()
    return made


def _group(folder: Path) -> Group:
    return Group(dict.fromkeys(delegation.WANTED, folder))


def pacer_files_of(sandbox: CgroupV2Sandbox) -> PacerFiles | None:
    """Asked anew: they change with the files."""
    return sandbox.pacer_files


def _state(folder: Path, *, kills: int = 0, usage: int = 0) -> None:
    (folder / "cpu.stat").write_text(CPU_STAT.format(usage=usage))
    (folder / "cgroup.procs").write_text("")
    events = f"low 0\nhigh 0\nmax 9\noom {kills}\noom_kill {kills}\noom_group_kill 0\n"
    (folder / "memory.events").write_text(events)


def _setting(folder: Path, file: str) -> str:
    """What was written last: a real file keeps the end of a longer value before it."""
    return (folder / file).read_text().splitlines()[0]


def test_a_new_group_has_the_tiers_memory_no_swap_and_no_quota(
    sandbox: CgroupV2Sandbox,  # noqa: ARG001  it is made
    folder: Path,
) -> None:
    set_to = {file: _setting(folder, file) for file in FILES}
    assert set_to == {
        "cpu.max": "max 20000",
        "memory.max": str(128 << 20),
        "memory.swap.max": "0",
        "pids.max": "1024",
    }


def test_a_limit_with_a_fraction_is_whole_bytes(folder: Path, allotment: Allotment) -> None:
    made = CgroupV2Sandbox(_group(folder), allotment._replace(limit_mb=120.3))
    assert ("memory", "memory.max", 126_143_693) in made._settings()


def test_the_share_is_granted_and_taken(sandbox: CgroupV2Sandbox, folder: Path) -> None:
    sandbox.throttle()
    assert _setting(folder, "cpu.max") == "1447 20000"
    sandbox.unthrottle()
    assert _setting(folder, "cpu.max") == "max 20000"


def test_what_holds_it_is_another_groups_freezer_than_the_one_that_freezes(
    sandbox: CgroupV2Sandbox, folder: Path
) -> None:
    assert pacer_files_of(sandbox) is None
    (folder / "hold" / "cgroup.freeze").touch()
    (folder / "hold" / "cpu.stat").touch()
    pacer_files = pacer_files_of(sandbox)
    assert pacer_files is not None
    assert (pacer_files.hold, pacer_files.freeze, pacer_files.thaw) == (
        folder / "hold" / "cgroup.freeze",
        "1",
        "0",
    )
    assert pacer_files.usage == folder / "hold" / "cpu.stat"
    assert (pacer_files.quota_ns, pacer_files.counts) == (1_447_145, "cpu_stat")
    sandbox.freeze()
    assert (folder / "hold" / "cgroup.freeze").read_text() == ""


def test_it_is_frozen_once_the_events_say_so(sandbox: CgroupV2Sandbox, folder: Path) -> None:
    _state(folder)
    (folder / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    sandbox.freeze()
    sandbox.counters()
    assert _setting(folder, "cgroup.freeze") == "1"
    sandbox.thaw()
    assert _setting(folder, "cgroup.freeze") == "0"


def test_one_that_does_not_freeze_is_an_error(sandbox: CgroupV2Sandbox, folder: Path) -> None:
    (folder / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    sandbox.freeze()
    with pytest.raises(HostError, match="did not freeze"):
        sandbox.counters()


def test_cpu_and_throttled_time_are_told_in_milliseconds(
    sandbox: CgroupV2Sandbox, folder: Path
) -> None:
    _state(folder, usage=2_500)
    read = sandbox.counters()
    assert (read.cpu_ms, read.throttled_ms) == (2.5, 1234.567)


def test_after_an_oom_kill_the_limit_is_the_peak(sandbox: CgroupV2Sandbox, folder: Path) -> None:
    _state(folder, kills=1)
    read = sandbox.counters()
    assert (read.oom_kills, read.peak_memory_mb) == (1, 128)


def test_without_files_the_last_counters_hold(sandbox: CgroupV2Sandbox, folder: Path) -> None:
    _state(folder, usage=7_000)
    before = sandbox.counters()
    for file in sandbox._files:
        file.close()
    shutil.rmtree(folder)
    assert sandbox.counters() == before


@pytest.mark.usefixtures("require_launcher")
def test_where_the_ground_cannot_be_divided_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").mkdir()
    before = set(tmp_path.rglob("*"))
    with pytest.raises(HostError, match="make room"):
        cgroup_v2.grant(tmp_path, "", lambda: DelegatedGroup(tmp_path))
    assert set(tmp_path.rglob("*")) == before
