from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from lambdameter import binaries
from lambdameter.emulator.speed import kernels
from lambdameter.emulator.speed.calibrate import KERNEL, with_build
from lambdameter.emulator.speed.kernels import Kernel
from lambdameter.errors import HostError
from lambdameter.model.calibration import Speed

CPU = min(os.sched_getaffinity(0))


def chain(digests: int) -> str:
    digest = bytes(32)
    for _ in range(digests):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


def test_compiled_code_does_the_work_whose_time_is_published() -> None:
    command = [str(binaries.find(KERNEL))]
    done = subprocess.run(command, input="1000\n", capture_output=True, text=True, check=True)
    assert done.stdout.split()[2] == chain(1_000)


def test_handlers_work_comes_to_the_same_in_every_run() -> None:
    command = [sys.executable, "-I", "-c", kernels.HANDLER]
    done = subprocess.run(command, input="1\n3\n", capture_output=True, text=True, check=True)
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["21325414644"] * 2


def test_more_work_takes_more_cpu_time() -> None:
    with Kernel([str(binaries.find(KERNEL))], CPU) as kernel:
        assert kernel.run(100_000).cpu_ms > kernel.run(1_000).cpu_ms > 0


@pytest.mark.parametrize("body", ["pass", "print('nothing'); input()"])
def test_a_kernel_that_does_not_answer_is_told(body: str) -> None:
    with (
        Kernel([sys.executable, "-c", body], CPU) as kernel,
        pytest.raises(HostError, match="failed"),
    ):
        kernel.run(1)


def test_each_architecture_has_its_own_time() -> None:
    known = kernels.published()
    assert known.digests.on_lambda_ms("arm64") == pytest.approx(158 * 0.968, abs=0.05)
    assert known.digests.on_lambda_ms("x86_64") == pytest.approx(153 * 0.968, abs=0.05)
    assert known.handler.on_lambda_ms("arm64") < known.handler.on_lambda_ms("x86_64")


@pytest.mark.parametrize(("here_ms", "build"), [(77.2, "optimised"), (121.0, "plain")])
def test_how_an_interpreter_was_built_is_told_by_what_compiled_code_takes(
    here_ms: float, build: str
) -> None:
    def speed(ms: float) -> Speed:
        return Speed(
            kernel="x",
            here_ms=ms,
            lambda_ms=200.0,
            factor=2.0,
            busy_ns=1,
            cycle_ns=2,
            reached=2.0,
            cpu_share=0.5,
        )

    assert with_build(speed(here_ms), speed(65.0), 1.19).build == build
