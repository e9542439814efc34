from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from lambdameter import binaries
from lambdameter.emulator.speed import kernels
from lambdameter.emulator.speed.host import KERNEL
from lambdameter.emulator.speed.kernels import Kernel
from lambdameter.errors import HostError

CPU = min(os.sched_getaffinity(0))


def chain(digests: int) -> str:
    digest = bytes(32)
    for _ in range(digests):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


@pytest.mark.parametrize(
    "command", [[sys.executable, "-c", kernels.PYTHON], [str(binaries.find(KERNEL))]]
)
def test_both_languages_do_the_same_work(command: list[str]):
    done = subprocess.run(command, input="1000\n", capture_output=True, text=True, check=True)
    assert done.stdout.split()[2] == chain(1_000)


def test_more_work_takes_more_cpu_time():
    with Kernel([str(binaries.find(KERNEL))], CPU) as kernel:
        assert kernel.run(100_000).cpu_ms > kernel.run(1_000).cpu_ms > 0


@pytest.mark.parametrize("body", ["pass", "print('nothing'); input()"])
def test_a_kernel_that_does_not_answer_is_told(body: str):
    with (
        Kernel([sys.executable, "-c", body], CPU) as kernel,
        pytest.raises(HostError, match="has failed"),
    ):
        kernel.run(1)


def test_a_whole_vcpu_is_faster_than_what_1769_mb_get():
    known = kernels.published()
    assert known.whole_vcpu_ms("arm64", "rust") == pytest.approx(158 * 0.968)
    assert known.whole_vcpu_ms("x86_64", "python3.13") == pytest.approx(378 * 0.968)
