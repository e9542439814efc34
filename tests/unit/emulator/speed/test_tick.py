from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lambdameter.emulator.speed import tick


def config(path: Path, text: str) -> Path:
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["config.gz", "config-6.1"])
def test_the_kernels_configuration_tells_its_tick(tmp_path: Path, name: str):
    file = config(tmp_path / name, "CONFIG_HZ_1000=y\nCONFIG_HZ=1000\n# CONFIG_HZ_250 is not set\n")
    assert tick.hz([file]) == 1000


def test_the_first_file_that_can_be_read_counts(tmp_path: Path):
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"no gzip")
    without = config(tmp_path / "without", "CONFIG_X86=y\n")
    files = [tmp_path / "absent", broken, without, config(tmp_path / "c", "CONFIG_HZ=100\n")]
    assert tick.hz(files) == 100


def test_a_kernel_that_does_not_tell_is_unknown(tmp_path: Path):
    assert tick.hz([tmp_path / "absent"]) is None


def test_the_files_are_the_running_kernels():
    files = tick.config_files("6.1.0-test")
    assert files == (Path("/proc/config.gz"), Path("/boot/config-6.1.0-test"))


@pytest.mark.parametrize(
    ("ticks", "line"),
    [
        (250, "at its tick of 4 ms (250 Hz)"),
        (1000, "at its tick of 1 ms (1000 Hz), where Lambda's is 4 ms"),
        (300, "at its tick of 3.33 ms (300 Hz), where Lambda's is 4 ms"),
        (None, "at its tick, which cannot be read here"),
    ],
)
def test_a_tick_that_is_not_lambdas_is_told_beside_it(ticks: int | None, line: str):
    assert tick.line(ticks) == line
