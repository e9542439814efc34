"""Measures how much faster this host is than a Lambda vCPU, and how to take that away."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from lambdameter.emulator.speed.kernels import Timing
from lambdameter.emulator.speed.pacer import Pace, Pacer
from lambdameter.errors import HostError
from lambdameter.model import Speed

# Long against a switch of threads (some us), short against a tick of the scheduler (4 ms).
CYCLE_NS = 250_000
_RUNS = 7
# For the trials: a fifth of the kernel, so that more of them fit between two disturbances.
_TRIAL_SHARE, _TRIALS, _ROUNDS = 5, 15, 4
_LONGEST_SHARE = 0.9
# Wall time over CPU time from which on a host counts as busy.
_BUSY = 1.03


class Kernel(Protocol):
    """Work that can be timed."""

    def run(self, repetitions: int) -> Timing:
        """Time so much of it."""
        ...


class Yardstick(NamedTuple):
    """A kernel and its time on one whole Lambda vCPU."""

    name: str
    kernel: Kernel
    repetitions: int
    lambda_ms: float


def speed(yardstick: Yardstick, cpu: int, pacer: Pacer) -> Speed:
    """Measure the kernel, then slow its CPU until it takes as long as on Lambda.

    Raises:
        HostError: something else took the CPU, in the best of several runs.
    """
    kernel, repetitions = yardstick.kernel, yardstick.repetitions
    # The fastest: whatever else runs on this host makes it slower, nothing makes it faster.
    best = min(kernel.run(repetitions) for _ in range(_RUNS))
    here_ms = best.wall_ms
    if here_ms > _BUSY * best.cpu_ms:
        raise HostError(
            f"This host is busy: of {here_ms:.0f} ms the kernel had a CPU for {best.cpu_ms:.0f}",
            place=f"CPU {cpu}",
            next_step="Calibrate when nothing else runs.",
        )
    factor = max(1.0, yardstick.lambda_ms / here_ms)

    def slowdown(busy_ns: int) -> Slowed:
        return _slowdown(
            kernel, repetitions // _TRIAL_SHARE, (cpu,), Pace(busy_ns, CYCLE_NS), pacer
        )

    busy_ns, reached = find_busy(factor, slowdown) if factor > 1 else (0, Slowed(1.0, 1.0))
    return Speed(
        kernel=yardstick.name,
        here_ms=here_ms,
        lambda_ms=yardstick.lambda_ms,
        factor=factor,
        busy_ns=busy_ns,
        cycle_ns=CYCLE_NS,
        reached=reached.by,
        cpu_share=reached.cpu_share,
    )


class Slowed(NamedTuple):
    """What came of keeping a CPU busy.

    Attributes:
        by: how many times longer the kernel took.
        cpu_share: of that time, how much counted as its own: the switches in its own time do.
    """

    by: float
    cpu_share: float


def find_busy(factor: float, slowdown: Callable[[int], Slowed]) -> tuple[int, Slowed]:
    """How long of a cycle a CPU must be busy to be slower by the factor, ns, and what that gave.

    Of a cycle, a share s is spent busy and a share c on getting there and back; work gets the
    rest, so it is slower by 1 / (1 - s - c). c is learnt from trial to trial.
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
    """Fastest against fastest, by turns."""
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
