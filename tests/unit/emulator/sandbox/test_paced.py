from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lambdameter.emulator.sandbox.base import Counters, HostAdjustment, PacerFiles
from lambdameter.emulator.sandbox.paced import PacedFactory, PacedSandbox, Pacing
from lambdameter.emulator.speed import kernels
from lambdameter.emulator.speed.orders import Alone, Cold, Pace, Slowness
from lambdameter.emulator.speed.pacer import Used
from lambdameter.errors import HostError
from lambdameter.model.calibration import Calibration, Speed
from lambdameter.model.sample import Enforcement

PACER_FILES = PacerFiles(
    quota_ns=1_447_145,
    usage=Path("/usage"),
    counts="ns_per_cpu",
    hold=Path("/hold"),
    freeze="FROZEN",
    thaw="THAWED",
)


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


PUBLISHED = kernels.published().cold
COLD = Cold(round(PUBLISHED.cpu_ms * 1e6), round(PUBLISHED.after_ms * 1e6))
FAULT_NS = round(kernels.published().faults.us * 1e3)
CALIBRATION = Calibration(
    made_at="",
    cpu="",
    architecture="arm64",
    interpreter=speed(1.5, cpu_share=0.8),
    compiled=speed(2.0, cpu_share=0.5),
)


class FakeSandbox:
    """Its calls go to the scene."""

    cpus = (0, 1)

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.pacer_files = scene.pacer_files

    async def spawn(self, _spec: Any) -> Any:
        self._scene.events.append("spawn")
        return SimpleNamespace(pid=99)

    def freeze(self) -> None:
        self._scene.events.append("freeze")

    def thaw(self) -> None:
        self._scene.events.append("thaw")

    def throttle(self) -> None:
        self._scene.events.append("kernel's quota")

    def unthrottle(self) -> None:
        self._scene.events.append("no quota of the kernel's")

    def charge(self, cpu_ms: float) -> None:
        self._scene.events.append(f"kernel: charge {cpu_ms}")

    def counters(self) -> Counters:
        return self._scene.used

    async def destroy(self) -> None:
        self._scene.events.append("destroy")


class FakeRegistration:
    """As the sandbox: both are told in one order."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def __getattr__(self, order: str) -> Any:
        return lambda *what: self._scene.events.append(
            " ".join(map(str, [f"pacer: {order}", *what]))
        )

    def held_ms(self) -> float:
        return self._scene.held_ms

    def used(self, cpu_ms: float, *, at_rest: bool) -> Used:
        self._scene.at_rest.append(at_rest)
        return Used(cpu_ms * self._scene.opened[3].by, self._scene.lost_ms)


class Scene:
    """A factory and the pacer in one; `events` is the order of events."""

    has_pacer_files = True
    enforcement = Enforcement(
        by="cgroup v9", cpu="memory/1769", memory="", freeze="", isolation="alone"
    )

    def __init__(self) -> None:
        self.events: list[str] = []
        self.arguments: tuple[Any, ...] = ()
        self.opened: tuple[Any, ...] = ()
        self.pacer_files: PacerFiles | None = PACER_FILES
        self.used = Counters(cpu_ms=10.0, throttled_ms=3.0, peak_memory_mb=5.0, oom_kills=0)
        self.held_ms = 42.0
        self.lost_ms = 0.0
        self.at_rest: list[bool] = []

    def create(self, *arguments: Any) -> Any:
        self.arguments = arguments
        return FakeSandbox(self)

    def open(self, *opened: Any) -> Any:
        self.opened = opened
        return FakeRegistration(self)

    pid = 4711
    uncounted_faults = ""

    def watch(self) -> str:
        return "watched"

    def close(self) -> None:
        self.events.append("pacer: gone")


@pytest.fixture
def scene() -> Scene:
    return Scene()


class Later:
    """What is to come, when a test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, _delay_ms: float, call: Callable[[], None]) -> Any:
        self.calls.append(call)
        return SimpleNamespace(cancel=lambda: self.calls.remove(call))

    def come(self) -> None:
        for call in self.calls:
            call()
        self.calls.clear()


@pytest.fixture
def later() -> Later:
    return Later()


def unslowed(scene: Any, later: Later) -> Any:
    pacing = Pacing(keeps_share=True, slows_cpus=False)
    return PacedSandbox(FakeSandbox(scene), FakeRegistration(scene), pacing, later)  # type: ignore[arg-type]


def paced(
    scene: Any, calibration: Calibration | None = CALIBRATION, runtime: str = "python3.13"
) -> Any:
    return PacedFactory(scene, calibration, scene).create("name", 128, runtime, 12.5)


async def test_it_is_looked_after_from_the_start_to_the_freeze_and_from_the_thaw_on(
    scene: Scene,
) -> None:
    sandbox = paced(scene)
    await sandbox.spawn(None)
    sandbox.freeze()
    sandbox.thaw()
    assert scene.events[:3] == ["pacer: run", "spawn", "pacer: add_process 99"]
    assert scene.events[3:] == ["freeze", "pacer: rest", "pacer: run", "thaw"]


async def test_it_is_let_go_before_it_is_killed(scene: Scene) -> None:
    sandbox = paced(scene)
    await sandbox.spawn(None)
    await sandbox.destroy()
    assert scene.events == [
        "pacer: run",
        "spawn",
        "pacer: add_process 99",
        "pacer: close",
        "destroy",
    ]


async def test_a_new_process_in_a_running_environment_changes_nothing(scene: Scene) -> None:
    sandbox = paced(scene)
    await sandbox.spawn(None)
    await sandbox.spawn(None)
    assert scene.events.count("pacer: run") == 1


def test_at_the_hosts_own_speed_one_that_is_called_again_at_once_never_rests(
    scene: Scene, later: Later
) -> None:
    sandbox = unslowed(scene, later)
    sandbox.thaw()
    sandbox.freeze()
    sandbox.thaw()
    later.come()
    assert scene.events == ["pacer: run", "thaw", "freeze", "thaw"]
    sandbox.freeze()
    later.come()
    sandbox.thaw()
    assert scene.events[4:] == ["freeze", "pacer: rest", "pacer: run", "thaw"]


async def test_one_that_is_destroyed_is_told_of_no_more(scene: Scene, later: Later) -> None:
    sandbox = unslowed(scene, later)
    sandbox.thaw()
    sandbox.freeze()
    await sandbox.destroy()
    later.come()
    assert scene.events == ["pacer: run", "thaw", "freeze", "pacer: close", "destroy"]


def test_a_rest_that_nobody_hears_of_is_the_next_runs_error(scene: Scene, later: Later) -> None:
    sandbox = unslowed(scene, later)
    sandbox.thaw()
    sandbox.freeze()
    dead = HostError("dead", next_step="Look.")

    def refuse() -> None:
        raise dead

    sandbox._registration = SimpleNamespace(rest=refuse, run=refuse, held_ms=lambda: 0.0)
    later.come()
    with pytest.raises(HostError, match="dead"):
        sandbox.thaw()


def test_one_that_never_ran_need_not_rest(scene: Scene) -> None:
    paced(scene).freeze()
    assert scene.events == ["freeze"]


def test_its_cpus_are_slowed_and_its_time_counts_as_a_lambda_vcpus(scene: Scene) -> None:
    paced(scene)
    assert scene.arguments == ("name", 128, HostAdjustment(slowness=1.25, reserved_mb=12.5))
    assert scene.opened == (
        (0, 1),
        Pace(15_000, 100_000),
        PACER_FILES,
        Slowness(1.25, COLD, FAULT_NS),
    )


def test_compiled_code_has_a_speed_of_its_own(scene: Scene) -> None:
    paced(scene, runtime="provided.al2023")
    assert scene.opened == (
        (0, 1),
        Pace(20_000, 100_000),
        PACER_FILES,
        Slowness(2.0, COLD, FAULT_NS),
    )


def test_the_share_is_kept_by_the_rule_and_the_kernel_sets_no_quota(scene: Scene) -> None:
    sandbox = paced(scene)
    sandbox.throttle()
    sandbox.unthrottle()
    assert scene.events == ["pacer: throttle", "pacer: unthrottle"]


def test_without_pacer_files_the_share_is_the_inner_sandboxs_work(scene: Scene) -> None:
    scene.pacer_files = None
    sandbox = paced(scene)
    sandbox.throttle()
    sandbox.unthrottle()
    assert scene.events == ["kernel's quota", "no quota of the kernel's"]
    assert sandbox.counters().throttled_ms == 3.0


def test_cpu_time_is_told_as_lambdas_vcpu_would_have_counted_it(scene: Scene) -> None:
    read = paced(scene).counters()
    assert (read.cpu_ms, read.peak_memory_mb) == (12.5, 5.0)


def test_what_others_on_its_cores_took_is_told(scene: Scene) -> None:
    scene.lost_ms = 2.5
    assert paced(scene).counters().lost_ms == 2.5
    # At this host's own speed nobody looks, which is not nothing.
    assert paced(scene, None).counters().lost_ms is None


async def test_of_one_at_rest_all_that_it_used_is_waited_for(scene: Scene) -> None:
    sandbox = paced(scene)
    await sandbox.spawn(None)
    sandbox.counters()
    sandbox.freeze()
    sandbox.counters()
    assert scene.at_rest == [False, True]


async def test_at_the_hosts_own_speed_nobody_counts_its_page_faults(scene: Scene) -> None:
    await paced(scene, None).spawn(None)
    assert scene.events == ["pacer: run", "spawn"]


def test_a_pace_that_takes_nothing_needs_no_watch_and_none_is_less_than_the_hosts_own(
    scene: Scene,
) -> None:
    fast = msgspec.structs.replace(CALIBRATION.interpreter, busy_ns=0, reached=1.0)
    paced(scene, msgspec.structs.replace(CALIBRATION, streams_ns=900, interpreter=fast))
    assert scene.opened[1] == Pace(0, 100_000)
    low = msgspec.structs.replace(CALIBRATION.interpreter, reached=0.998)
    paced(scene, msgspec.structs.replace(CALIBRATION, streams_ns=900, interpreter=low))
    assert scene.opened[1].alone == Alone(1.0, 900)


def test_a_pace_is_for_a_core_that_nobody_else_uses(scene: Scene) -> None:
    paced(scene, msgspec.structs.replace(CALIBRATION, streams_ns=900))
    assert scene.opened[1] == Pace(15_000, 100_000, Alone(1.5, 900))


def test_what_others_use_is_taken_from_the_share_by_the_rule_alone(scene: Scene) -> None:
    paced(scene).charge(0.4)
    assert scene.events == ["pacer: charge 0.4"]
    scene.pacer_files = None
    paced(scene).charge(0.4)
    assert scene.events == ["pacer: charge 0.4", "kernel: charge 0.4"]


def test_one_that_has_all_its_cpus_is_slowed_and_not_held(scene: Scene) -> None:
    scene.pacer_files = msgspec.structs.replace(PACER_FILES, quota_ns=None)
    sandbox = paced(scene)
    assert scene.opened == (
        (0, 1),
        Pace(15_000, 100_000),
        scene.pacer_files,
        Slowness(1.25, COLD, FAULT_NS),
    )
    sandbox.throttle()
    sandbox.unthrottle()
    assert scene.events == []
    assert isinstance(paced(scene, None), FakeSandbox)


def test_throttled_is_for_how_long_it_was_held_but_not_while_it_was_frozen(scene: Scene) -> None:
    sandbox = paced(scene)
    assert sandbox.counters().throttled_ms == 42.0
    sandbox.freeze()
    scene.held_ms = 50.0
    assert sandbox.counters().throttled_ms == 42.0
    sandbox.thaw()
    assert sandbox.counters().throttled_ms == 42.0
    scene.held_ms = 53.0
    assert sandbox.counters().throttled_ms == 45.0


def test_cpu_time_that_this_host_cannot_count_stays_unknown(scene: Scene) -> None:
    scene.pacer_files = None
    scene.used = Counters(cpu_ms=None, throttled_ms=None, peak_memory_mb=None, oom_kills=None)
    assert paced(scene).counters() == scene.used


def test_at_the_hosts_own_speed_nothing_is_slowed_and_the_rule_is_kept(scene: Scene) -> None:
    paced(scene, None).throttle()
    assert scene.opened == ((0, 1), None, PACER_FILES, Slowness())
    assert scene.events == ["pacer: throttle"]


def test_with_nothing_to_slow_and_no_pacer_files_there_is_but_the_inner_sandbox(
    scene: Scene,
) -> None:
    scene.pacer_files = None
    assert isinstance(paced(scene, None), FakeSandbox)
    assert scene.opened == ()


def test_by_whose_rule_is_told_with_the_share(scene: Any) -> None:
    enforcement = PacedFactory(scene, None, scene).enforcement()
    assert enforcement.cpu == (
        "memory/1769; by Lambda's rule, kept here: charged at a tick of 4 ms and when a thread "
        "sleeps, debts carried"
    )


@pytest.fixture
def no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_program: Path) -> None:
        raise HostError("There are no real-time threads", next_step="Be root.")

    monkeypatch.setattr("lambdameter.emulator.sandbox.paced.Pacer.start", refuse)
    monkeypatch.setattr("lambdameter.binaries.find", Path)


@pytest.mark.usefixtures("no_real_time")
def test_without_real_time_threads_the_kernel_keeps_its_quota_and_every_report_says_so(
    scene: Any,
) -> None:
    fallback = PacedFactory.start(scene, None)
    assert fallback.enforcement(lambda: 100).cpu == (
        "memory/1769; by this kernel's quota, charged at the kernel's tick of 10 ms (100 Hz); on "
        "Lambda the tick is 4 ms (not by Lambda's own rule: There are no real-time threads)"
    )
    sandbox = fallback.create("name", 128, "interpreter", 0.0)
    sandbox.throttle()
    assert scene.events == ["kernel's quota"]
    assert (fallback.watch(), fallback.pid) == (None, None)
    fallback.close()


@pytest.mark.usefixtures("no_real_time")
def test_without_real_time_threads_there_is_no_lambda_speed(scene: Any) -> None:
    with pytest.raises(HostError, match="no real-time"):
        PacedFactory.start(scene, CALIBRATION)


@pytest.mark.usefixtures("no_real_time")
def test_a_way_of_enclosing_without_pacer_files_needs_none_and_its_label_stays() -> None:
    plain = Enforcement(by="duty cycle", cpu="approximated", memory="", freeze="", isolation="")
    factory: Any = SimpleNamespace(has_pacer_files=False, enforcement=plain)
    assert PacedFactory.start(factory, None).enforcement() == plain


def test_without_pacer_files_slowed_cpus_are_told_to_be_all_that_is_modelled(scene: Any) -> None:
    scene.has_pacer_files = False
    cpu = PacedFactory(scene, CALIBRATION, scene).enforcement().cpu
    assert cpu.endswith("; page faults, and caches after a freeze, take this host's own time")
    assert "page faults" not in PacedFactory(scene, None, scene).enforcement().cpu


def test_on_slowed_cpus_it_is_told_where_page_faults_are_not_seen(scene: Any) -> None:
    scene.uncounted_faults = "they cannot be counted"
    cpu = PacedFactory(scene, CALIBRATION, scene).enforcement().cpu
    assert cpu.endswith("page faults take this host's own time: they cannot be counted")
    assert "page faults" not in PacedFactory(scene, None, scene).enforcement().cpu
    scene.uncounted_faults = ""
    cpu = PacedFactory(scene, CALIBRATION, scene).enforcement().cpu
    assert cpu.endswith("ms after a freeze not slowed; page faults 5 µs longer")


def test_the_death_of_what_keeps_the_rule_can_be_watched(scene: Any) -> None:
    factory = PacedFactory(scene, None, scene)
    watched: object = factory.watch()
    assert (watched, factory.pid) == ("watched", 4711)
    factory.close()
    assert scene.events == ["pacer: gone"]
