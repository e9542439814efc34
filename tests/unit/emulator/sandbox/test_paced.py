from __future__ import annotations

from typing import Any

import pytest

from lambdameter.emulator.sandbox.base import Counters, Handicap
from lambdameter.emulator.sandbox.paced import Paced
from lambdameter.model import Calibration, Speed


def speed(factor: float, cpu_share: float) -> Speed:
    return Speed(
        kernel="k",
        here_ms=1.0,
        lambda_ms=factor,
        factor=factor,
        busy_ns=int(factor * 10_000),
        cycle_ns=100_000,
        reached=factor,
        cpu_share=cpu_share,
    )


CALIBRATION = Calibration(
    made_at="",
    cpu="",
    architecture="arm64",
    interpreter=speed(1.5, cpu_share=0.8),
    compiled=speed(2.0, cpu_share=0.5),
)


class Scene:
    """A factory, its sandbox and the slow cores in one; `seen` is the order of events."""

    cpus = (0, 1)

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.asked: tuple[Any, ...] = ()

    def create(self, *asked: Any) -> Any:
        self.asked = asked
        return self

    def hold(self, cpus: Any, pace: Any) -> None:
        self.seen.append(f"slow {cpus} {pace.busy_ns}")

    def release(self, _cpus: Any, _pace: Any) -> None:
        self.seen.append("let go")

    async def spawn(self, _spec: Any) -> None:
        self.seen.append("spawn")

    def freeze(self) -> None:
        self.seen.append("freeze")

    def thaw(self) -> None:
        self.seen.append("thaw")

    def throttle(self) -> None:
        self.seen.append("throttle")

    def unthrottle(self) -> None:
        self.seen.append("unthrottle")

    def counters(self) -> Counters:
        return Counters(cpu_ms=10.0, throttled_ms=3.0, peak_memory_mb=5.0, oom_kills=0)

    async def destroy(self) -> None:
        self.seen.append("destroy")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def paced(
    scene: Any, calibration: Calibration | None = CALIBRATION, runtime: str = "python3.13"
) -> Any:
    return Paced(scene, calibration, scene if calibration else None).create(
        "name", 128, runtime, 12.5
    )


async def test_the_cpus_are_slow_from_the_start_to_the_freeze_and_from_the_thaw_on(scene: Scene):
    sandbox = paced(scene)
    await sandbox.spawn(None)
    sandbox.freeze()
    sandbox.thaw()
    slow = "slow (0, 1) 15000"
    assert scene.seen == [slow, "spawn", "freeze", "let go", slow, "thaw"]


async def test_they_are_let_go_once_however_it_ends(scene: Scene):
    sandbox = paced(scene)
    await sandbox.spawn(None)
    await sandbox.destroy()
    await sandbox.destroy()
    assert scene.seen.count("let go") == 1


async def test_a_new_process_in_a_running_environment_slows_them_no_further(scene: Scene):
    sandbox = paced(scene)
    await sandbox.spawn(None)
    await sandbox.spawn(None)
    assert scene.seen.count("slow (0, 1) 15000") == 1


def test_the_share_is_of_the_slower_cpu_and_aws_takes_its_memory(scene: Scene):
    paced(scene)
    assert scene.asked == ("name", 128, Handicap(slowness=1.25, reserved_mb=12.5))


def test_compiled_code_has_a_speed_of_its_own(scene: Scene):
    paced(scene, runtime="provided.al2023").thaw()
    assert scene.seen == ["slow (0, 1) 20000", "thaw"]
    assert scene.asked[2] == Handicap(slowness=2.0, reserved_mb=12.5)


def test_the_share_itself_is_the_inner_sandboxs_work(scene: Scene):
    sandbox = paced(scene)
    sandbox.throttle()
    sandbox.unthrottle()
    assert scene.seen == ["throttle", "unthrottle"]


def test_cpu_time_is_counted_as_a_lambda_vcpus(scene: Scene):
    counters = paced(scene).counters()
    assert (counters.cpu_ms, counters.throttled_ms) == (12.5, 3.0)


def test_cpu_time_that_this_host_cannot_count_stays_unknown(scene: Scene):
    unknown = Counters(cpu_ms=None, throttled_ms=None, peak_memory_mb=None, oom_kills=None)
    scene.counters = lambda: unknown  # type: ignore[method-assign]
    assert paced(scene).counters() == unknown


def test_without_a_calibration_nothing_is_slowed(scene: Scene):
    sandbox = paced(scene, None)
    sandbox.thaw()
    assert scene.seen == ["thaw"]
    assert scene.asked[2] == Handicap(slowness=1.0, reserved_mb=12.5)
