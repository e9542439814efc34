"""Measures how much faster a CPU is than a Lambda vCPU, and how long to keep it busy instead."""

from __future__ import annotations

import statistics
from bisect import insort
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from lambdameter.emulator.speed.kernels import Timing
from lambdameter.emulator.speed.orders import Pace
from lambdameter.emulator.speed.pacer import Pacer
from lambdameter.errors import HostError
from lambdameter.model.calibration import Speed

# Long compared with a switch of threads (some us), short compared with a scheduler's tick (4 ms).
CYCLE_NS = 250_000
_RUNS, _AT_ONCE, _MOST_RUNS = 9, 2, 60
_STEADY, _AGREED = 1.08, 1.03
# A trial runs a fifth of the kernel, so that more trials fit between two disturbances.
_TRIAL_SHARE, _TRIALS, _ROUNDS = 5, 15, 4
_LONGEST_SHARE = 0.9
# A host is busy where wall time is more than this multiple of CPU time.
_BUSY = 1.03


class Kernel(Protocol):
    """Work that can be timed."""

    def run(self, repetitions: int) -> Timing:
        """Time so many repetitions."""
        ...


class Quiet(Protocol):
    """The core that the kernel runs on."""

    def wait_until_alone(self) -> None:
        """Wait until nobody else uses it. Raises HostError: others do not stop."""
        ...

    def speed(self) -> float:
        """Its speed now, relative to when nobody else uses it."""
        ...


class Yardstick(NamedTuple):
    """A kernel on a CPU, and its time there when nobody else uses the core."""

    name: str
    kernel: Kernel
    repetitions: int
    cpu: int
    here_ms: float


def yardstick(name: str, kernel: Kernel, repetitions: int, cpu: int, core: Quiet) -> Yardstick:
    """Measure the kernel.

    Raises:
        HostError: other work used the CPU or the core.
    """
    here_ms = _agreed_ms(_alone_ms(kernel, repetitions, cpu, core))
    return Yardstick(name, kernel, repetitions, cpu, here_ms)


def speed(measured: Yardstick, lambda_ms: float, pacer: Pacer) -> Speed:
    """Slow the CPU until the kernel takes as long as on Lambda. Raises HostError."""
    here_ms = measured.here_ms
    factor = max(1.0, lambda_ms / here_ms)

    def slowdown(busy_ns: int) -> Slowed:
        trial = measured.repetitions // _TRIAL_SHARE
        pace = Pace(busy_ns, CYCLE_NS)
        return _slowdown(measured.kernel, trial, (measured.cpu,), pace, pacer)

    busy_ns, reached = find_busy(factor, slowdown) if factor > 1 else (0, Slowed(1.0, 1.0))
    return Speed(
        kernel=measured.name,
        here_ms=here_ms,
        lambda_ms=lambda_ms,
        factor=factor,
        busy_ns=busy_ns,
        cycle_ns=CYCLE_NS,
        reached=reached.by,
        cpu_share=reached.cpu_share,
    )


def _agreed_ms(runs: Iterator[float]) -> float:
    """The median of the half of the runs that lie closest together, once these agree.

    That half is the shorth: Andrews et al., Robust Estimates of Location, 1972. Other work that
    comes and goes within a run makes it longer unnoticed, or is noticed and makes it seem shorter.
    """
    times_ms: list[float] = []
    for run_ms in runs:
        insort(times_ms, run_ms)
        half = len(times_ms) // 2 + 1
        windows = [times_ms[start : start + half] for start in range(len(times_ms) - half + 1)]
        closest = min(windows, key=lambda window: window[-1] / window[0])
        if len(times_ms) >= _RUNS and closest[-1] <= _AGREED * closest[0]:
            return statistics.median(closest)
    raise AssertionError  # `runs` raises before it ends


def _alone_ms(kernel: Kernel, repetitions: int, cpu: int, core: Quiet) -> Iterator[float]:
    """The times that runs would take on a core that nobody else uses, by its speed around them.

    Runs in which other work began or ended are omitted.
    """
    why = "other work used the CPU"
    for _ in range(_MOST_RUNS):
        core.wait_until_alone()
        before = core.speed()
        timing = min(kernel.run(repetitions) for _ in range(_AT_ONCE))
        after = core.speed()
        if timing.wall_ms > _BUSY * timing.cpu_ms:
            share = timing.cpu_ms / timing.wall_ms
            why = f"the calibration program had a CPU for only {share:.0%} of the time"
        elif max(before, after) > _STEADY * min(before, after):
            why = "other work on the same core began or ended"
        else:
            yield timing.wall_ms * (before + after) / 2
    raise HostError(
        f"This host is busy: in too many of {_MOST_RUNS} runs {why}",
        place=f"CPU {cpu}",
        next_step="Calibrate when nothing else runs, or on another machine.",
    )


class Slowed(NamedTuple):
    """The effect of keeping a CPU busy.

    Attributes:
        by: how many times longer the kernel took.
        cpu_share: the share of that time that counts as its CPU time, which includes switches.
    """

    by: float
    cpu_share: float


def find_busy(factor: float, slowdown: Callable[[int], Slowed]) -> tuple[int, Slowed]:
    """Find how long of a cycle a CPU must be busy to be slower by the factor.

    Of each cycle, a share s is spent busy and a share c on switching. Work gets the rest, so it is
    slower by 1 / (1 - s - c); c is learnt from trial to trial.

    Returns:
        The time per cycle, ns, and its effect.
    """
    switching = 0.0
    costs: list[float] = []
    trials: list[tuple[Slowed, int]] = []
    for _ in range(_ROUNDS):
        share = min(_LONGEST_SHARE, max(0.0, 1 - 1 / factor - switching))
        busy_ns = round(share * CYCLE_NS)
        reached = slowdown(busy_ns)
        trials.append((reached, busy_ns))
        costs.append(1 - share - 1 / reached.by)
        switching = sum(costs) / len(costs)
    reached, busy_ns = min(trials, key=lambda trial: abs(trial[0].by - factor))
    return busy_ns, reached


def _slowdown(
    kernel: Kernel, repetitions: int, cpus: tuple[int, ...], pace: Pace, pacer: Pacer
) -> Slowed:
    """Compare the fastest of several runs, slowed and not slowed in turn."""
    plain: list[Timing] = []
    slowed: list[Timing] = []
    trial = pacer.open(cpus, pace)
    for _ in range(_TRIALS):
        plain.append(kernel.run(repetitions))
        trial.run()
        slowed.append(kernel.run(repetitions))
        trial.rest()
    trial.close()
    best = min(slowed)
    return Slowed(best.wall_ms / min(plain).wall_ms, best.cpu_ms / best.wall_ms)
