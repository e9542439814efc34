from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambdameter.emulator.speed.keep_awake import LINGER_MS, KeepAwake
from lambdameter.model.sample import Enforcement

ENFORCED = Enforcement(by="cgroup v1", cpu="quota", memory="", freeze="", isolation="")


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "cpu_dma_latency"
    path.write_bytes(b"")
    return path


def holds(device: Path) -> bool:
    """Whether this process has it open."""
    return device in {link.resolve() for link in Path("/proc/self/fd").iterdir()}


def test_the_kernel_is_asked_for_no_latency_while_something_runs(host: Any, device: Path) -> None:
    awake = KeepAwake(host.clock, device)
    assert not holds(device)
    with awake:
        assert holds(device)
        assert device.read_bytes() == bytes(4)
    awake.close()
    assert not holds(device)


def test_the_request_stands_until_nothing_has_run_for_a_while(host: Any, device: Path) -> None:
    clock = host.clock
    awake = KeepAwake(clock, device)
    with awake:
        pass
    clock.advance(LINGER_MS - 1)
    with awake:
        clock.advance(3 * LINGER_MS)
        assert holds(device)
    clock.advance(LINGER_MS - 1)
    assert holds(device)
    clock.advance(2)
    assert not holds(device)


def test_two_at_once_end_with_the_later(host: Any, device: Path) -> None:
    clock = host.clock
    awake = KeepAwake(clock, device)
    with awake:
        with awake:
            pass
        clock.advance(2 * LINGER_MS)
        assert holds(device)
    awake.close()


def test_a_host_without_the_device_goes_on_and_says_so(host: Any, tmp_path: Path) -> None:
    awake = KeepAwake(host.clock, tmp_path / "absent")
    with awake:
        pass
    assert awake.describe(ENFORCED).cpu == (
        f"quota; idle CPUs may sleep (only root writes {tmp_path / 'absent'})"
    )


def test_what_is_enforced_says_that_cpus_are_awake(host: Any, device: Path) -> None:
    assert KeepAwake(host.clock, device).describe(ENFORCED).cpu == "quota; idle CPUs kept awake"
    nothing = Enforcement(by="none", cpu="", memory="", freeze="", isolation="")
    assert KeepAwake(host.clock, device).describe(nothing) == nothing
