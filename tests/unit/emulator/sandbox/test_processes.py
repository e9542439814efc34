from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lambdameter.emulator.sandbox import processes

STAT = "42 (a) b (c) {state} 1 42 42 0 -1 4194560 1 0 0 0 7 8 0 0 20 0 1 0 {ticks} 1000 25 0"


def _process(proc: Path, pid: int, *, state: str = "S", ticks: int = 777, peak: str = "") -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(STAT.format(state=state, ticks=ticks))
    (folder / "status").write_text(f"Name:\tx\n{peak}Threads:\t1\nCapEff:\t0000000000000000\n")


def test_peaks_are_added_up_in_mib(tmp_path: Path) -> None:
    _process(tmp_path, 1, peak="VmHWM:\t    2048 kB\n")
    _process(tmp_path, 2, peak="VmHWM:\t     512 kB\n")
    assert processes.peak_mb([1, 2], tmp_path) == 2.5


def test_the_gone_and_the_zombie_have_no_peak(tmp_path: Path) -> None:
    _process(tmp_path, 1, state="Z")
    assert processes.peak_mb([1, 99], tmp_path) == 0


def test_our_own_peak_is_not_below_our_own_size() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert processes.peak_mb([os.getpid()]) >= resident * 0.9


def test_the_start_time_is_read_past_any_program_name(tmp_path: Path) -> None:
    _process(tmp_path, 42, ticks=123_456)
    assert processes.start_ticks(42, tmp_path) == 123_456


def test_a_zombie_and_the_gone_have_no_start_time(tmp_path: Path) -> None:
    _process(tmp_path, 1, state="Z")
    assert processes.start_ticks(1, tmp_path) is None
    assert processes.start_ticks(2, tmp_path) is None


def test_neither_the_stopped_nor_the_dead_run(tmp_path: Path) -> None:
    for pid, state in enumerate("TtZXSRD", start=1):
        _process(tmp_path, pid, state=state)
    assert [pid for pid in range(1, 9) if processes.is_running(pid, tmp_path)] == [5, 6, 7]


def test_the_right_to_mount_is_one_bit(tmp_path: Path) -> None:
    folder = tmp_path / "self"
    folder.mkdir()
    (folder / "status").write_text("CapEff:\t0000000000200000\n")
    assert processes.may_administer(tmp_path)
    (folder / "status").write_text("CapEff:\tffffffffffdfffff\n")
    assert not processes.may_administer(tmp_path)


def test_a_status_file_tells_the_peak_and_the_threads_of_a_process(tmp_path: Path) -> None:
    _process(tmp_path, 7, peak="VmHWM:\t2048 kB\n")
    status = processes.StatusFile(7, tmp_path)
    assert status.read() == processes.ProcessStatus(peak_mb=2.0, threads=1)
    status.close()
    assert status.read() is None


def test_a_process_that_is_gone_tells_nothing() -> None:
    child = subprocess.Popen(["/bin/true"])
    status = processes.StatusFile(child.pid)
    child.wait()
    assert status.read() is None
    status.close()
    assert processes.StatusFile(child.pid).read() is None


def test_the_resident_size_is_the_second_field_in_pages(tmp_path: Path) -> None:
    _process(tmp_path, 1)
    (tmp_path / "1" / "statm").write_text("9000 512 200 1 0 300 0\n")
    assert processes.resident_mb(1, tmp_path) == 512 * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert processes.resident_mb(2, tmp_path) == 0
