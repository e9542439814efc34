"""A host that lacks something: it is told before anything is measured, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup_tree
from lambdameter.measure.run_folder import RunFolder

LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"
SOUND = {"handler.py": b"def handler(event, context): return {'count': 1, 'total_ms': 1.0}\n"}
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-sys_admin")
WITHIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


@pytest.fixture
def workload(tiny: Callable[[dict[str, dict[str, bytes]]], Path]) -> Path:
    return tiny({"sound": SOUND})


def run(
    *arguments: object, folder: Path, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, LAMBDAMETER, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def told(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """What stands on stderr, but for what others on this host may have left to be cleaned up."""
    return [line for line in ended.stderr.splitlines() if not line.startswith("cleaned up ")]


@contextlib.contextmanager
def file_system(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    folder.mkdir()
    mount(folder, options)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)


def test_a_taken_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("emulate", "--port", port, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert told(ended) == [
        "error: The port is already in use",
        f"  where: 127.0.0.1:{port}",
        "  next:  Choose another port with --port, or 0 for a free port.",
    ]


def test_without_rights_to_cgroups_a_run_goes_on_and_says_so_loudly(
    workload: Path,
    tmp_path: Path,
    require_cgroup_v1: None,  # noqa: ARG001
) -> None:
    ended = run("run", workload, "--full", "--out", "run", folder=tmp_path, before=WITHOUT_RIGHTS)
    assert ended.returncode == 0, ended.stderr
    assert told(ended)[0] == (
        "warning: CPU AND MEMORY LIMITS ARE ONLY APPROXIMATED BY A DUTY CYCLE: Limits by "
        "cgroup v1 need root with CAP_SYS_ADMIN. Run as root on a host with cgroup v1."
    )
    assert "duty cycle" in ended.stdout


def test_where_nothing_is_enforced_that_is_said_loudly(workload: Path, tmp_path: Path) -> None:
    ended = run("run", workload, "--sandbox", "none", "--full", "--out", "run", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert told(ended)[0].startswith("warning: NO LIMIT IS ENFORCED, neither CPU nor memory: ")
    assert " NO LIMIT IS ENFORCED " in ended.stdout


def test_a_host_without_those_rights_is_refused_on_demand(
    workload: Path,
    tmp_path: Path,
    require_cgroup_v1: None,  # noqa: ARG001
) -> None:
    ended = run("run", workload, "--require-enforcement", folder=tmp_path, before=WITHOUT_RIGHTS)
    assert (ended.returncode, ended.stdout) == (3, "")
    cause, where, following = told(ended)
    assert cause.startswith("error: This host does not enforce Lambda's limits: CPU AND MEM")
    assert where == "  where: --require-enforcement"
    assert following.startswith("  next:  Follow this advice, or omit --require-enforcement")
    assert not (tmp_path / "runs").exists()


LABEL = "LESS CPU THAN ON LAMBDA: 1.16 vCPUs on Lambda, 1 on this host"


def test_a_tier_with_more_cpu_than_the_host_is_labelled_before_and_beside_its_figures(
    workload: Path,
    tmp_path: Path,
    require_cgroup_v1: None,  # noqa: ARG001
) -> None:
    one_cpu = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
    ended = run("run", workload, "--memory", "1024,2048", "--full", folder=tmp_path, before=one_cpu)
    assert ended.returncode == 0, ended.stderr
    warnings = [line for line in told(ended) if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: at 2,048 MB: {LABEL}")
    assert told(ended)[0] == warnings[0]
    assert " ".join(ended.stdout.split()).count(LABEL) == 2  # warm and cold, of one tier

    strict = ("run", workload, "--memory", "2048", "--require-enforcement")
    refused = run(*strict, folder=tmp_path, before=one_cpu)
    assert refused.returncode == 3
    assert LABEL in told(refused)[0]


def test_a_cgroup_around_ours_with_less_cpu_is_a_label_too(
    workload: Path,
    tmp_path: Path,
    require_cgroup_v1: None,  # noqa: ARG001
) -> None:
    ours = cgroup_tree.own_folders(frozenset({"cpu"}))["cpu"] / f"bad-host-{os.getpid()}"
    ours.mkdir()
    try:
        (ours / "cpu.cfs_quota_us").write_text("50000")
        within = ("sh", "-c", WITHIN, str(ours))
        ended = run("run", workload, "--memory", "1024,512", folder=tmp_path, before=within)
    finally:
        ours.rmdir()
    assert ended.returncode == 0, ended.stderr
    (warning,) = [line for line in told(ended) if line.startswith("warning: ")]
    assert "at 1,024 MB: LESS CPU THAN ON LAMBDA: 0.58 vCPUs on Lambda, 0.5 on this host" in warning


def test_a_run_folder_that_cannot_be_made_is_told_before_anything_is_measured(
    workload: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = run("run", workload, "--out", "file/run", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert told(ended) == [
        "error: The run cannot be written: Not a directory",
        "  where: file/run",
        "  next:  Give a folder that you can write to with --out.",
    ]


def test_a_read_only_place_is_told_before_anything_is_measured(
    workload: Path, tmp_path: Path
) -> None:
    with file_system(tmp_path / "fixed", "ro,size=64k") as fixed:
        ended = run("run", workload, "--out", fixed / "run", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    cause, where, following = told(ended)
    assert cause.startswith("error: The run cannot be written: ")
    assert where == f"  where: {fixed}/run"
    assert following == "  next:  Give a folder that you can write to with --out."


def test_a_disk_that_is_full_in_mid_run_loses_no_sample_and_the_run_is_resumed(
    workload: Path, tmp_path: Path
) -> None:
    calls = 200
    with file_system(tmp_path / "small", "size=96k") as small:
        folder = small / "run"
        again = f"`lambdameter run --resume {folder}`"
        ended = run("run", workload, "--warm", calls - 1, "--out", folder, folder=tmp_path)
        assert ended.returncode == 3
        expected, *lines = (line for line in told(ended) if " one 1024 MB " not in line)
        assert expected.startswith(
            "1 round of 1 environment, each with a cold call and 199 warm calls:"
        )
        assert lines == [
            "error: The run cannot be written: No space left on device",
            f"  where: {folder}/samples.ndjson",
            "  next:  Free some space on this disk.",
            f"  also:  the samples so far are in {folder}; continue with {again}",
        ]
        kept = RunFolder.open(folder).samples()
        assert not kept.truncated
        assert 0 < len(kept.samples) < calls
        report = run("report", folder, folder=tmp_path)
        assert report.returncode == 0
        assert "the run is not complete" in " ".join(report.stdout.split())

        mount(small, "remount,size=4m")
        resumed = run("run", "--resume", folder, folder=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        assert len(RunFolder.open(folder).samples().samples) == calls
