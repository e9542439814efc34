"""Whether the statistics keep what they promise, by simulation. About ten minutes on two cores.

    python -P benchmarks/statistics.py [--scale 0.01] [--write docs/method.md]

-P, or this file would stand in for the standard library's `statistics`. What is simulated goes
through the code that reports use: `Draws`, `ends`, `levels`, `summarise`. Only the drawing is
shared: it is made anew for every 250 simulated runs, not for each.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Sample
from lambdameter.stats import bootstrap, sequential
from lambdameter.stats.bootstrap import Draws
from lambdameter.stats.location import pseudo_values
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases

Floats = NDArray[np.float64]

BASE_MS = 20.0
# A throttled call at 128 MB waits for the rest of its periods: bursts of 4 ms, pauses of 56.
STALL_MS = 60.0
BATCH = 250
DUEL = Path(__file__).parents[1] / "docs" / "duel"
DUEL_ROUNDS = 400
SIZES = (5, 10, 20, 40)
SLOW_SAME = "A/A, 5 % of environments at half speed"
SLOW_SHIFTED = "8 % slower, 5 % of environments at half speed"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"


class World(NamedTuple):
    """Where runs are simulated: log-sds, the drift from first to last round, stalls, the shift.

    `unlike` multiplies the variant's log-sd; `slow` is the share of environments that the
    host gives half of its speed.
    """

    within: float = 0.1
    between: float = 0.03
    drift: float = 0.0
    stalls: float = 0.0
    shift: float = 0.0
    unlike: float = 1.0
    slow: float = 0.0
    calls: int = 15


class Coverage(NamedTuple):
    """How often intervals of medians and of means held the true ratio.

    `plain`: intervals of medians by plain percentiles, which reports do not use.
    """

    environments: int
    medians: float
    means: float
    plain: float


class Ended(NamedTuple):
    """What the stopping rule made of many runs: shares, and the mean number of rounds."""

    different: float
    rounds: float
    as_all_rounds: float


def simulate(world: World, rounds: int, runs: int, generator: np.random.Generator) -> list[Floats]:
    """The reference's and the variant's calls, ms: runs x rounds x calls each."""
    made = []
    drift = np.log1p(world.drift) * np.linspace(0, 1, rounds)[:, np.newaxis]
    for shift, unlike in ((0.0, 1.0), (world.shift, world.unlike)):
        between = generator.normal(0, world.between * unlike, (runs, rounds, 1))
        within = generator.normal(0, world.within * unlike, (runs, rounds, world.calls))
        times = BASE_MS * np.exp(shift + drift + between + within)
        times *= 1 + (generator.random((runs, rounds, 1)) < world.slow)
        times += STALL_MS * (generator.random(times.shape) < world.stalls)
        made.append(times)
    return made


def held(resampled: Floats, estimates: Floats, truth: float, rounds: int) -> NDArray[np.bool_]:
    """Of each run (a column), whether its interval holds the true log ratio."""
    low, high = bootstrap.ends(resampled, estimates, bootstrap.LEVEL, rounds)
    inside: NDArray[np.bool_] = (low <= truth) & (truth <= high)
    return inside


def log_ratios(calls: list[Floats]) -> Floats:
    """Rounds x runs."""
    reference, variant = (np.log(np.median(cell, axis=2)) for cell in calls)
    return (variant - reference).T


def unbent(ratios: Floats) -> Floats:
    """Of which the estimate is the geometric mean, that every round pulls at."""
    return ratios


def coverage(task: tuple[World, int, int, int]) -> Coverage:
    """Coverage in one world at one size."""
    world, rounds, runs, seed = task
    generator = np.random.default_rng(seed)
    sds = [math.hypot(world.within, world.between) * unlike for unlike in (1.0, world.unlike)]
    expected = [
        BASE_MS * math.exp(shift + sd**2 / 2) + STALL_MS * world.stalls
        for shift, sd in zip((0.0, world.shift), sds, strict=True)
    ]
    hits: list[list[NDArray[np.bool_]]] = [[], [], []]
    for batch in batches(runs):
        calls = simulate(world, rounds, batch, generator)
        draws = Draws(rounds, generator)
        ratios = pseudo_values(log_ratios(calls))
        medians = draws.sums(ratios) / rounds
        hits[0].append(held(medians, ratios.mean(axis=0), world.shift, rounds))
        low, high = np.quantile(medians, [0.025, 0.975], axis=0)
        hits[2].append((low <= world.shift) & (world.shift <= high))
        ours, theirs = (draws.sums(cell.mean(axis=2).T) for cell in calls)
        truth = math.log(expected[1] / expected[0])
        estimates = np.log(calls[1].mean(axis=(1, 2)) / calls[0].mean(axis=(1, 2)))
        hits[1].append(held(np.log(theirs) - np.log(ours), estimates, truth, rounds))
    found = [float(np.concatenate(one).mean()) for one in hits]
    return Coverage(rounds, *found)


def ended(task: tuple[World, int, int, Callable[[Floats], Floats]]) -> Ended:
    """What the stopping rule does in one world, with one estimate."""
    world, runs, seed, of = task
    generator = np.random.default_rng(seed)
    last = sequential.LOOKS[-1]
    stopped, verdicts, full = [], [], []
    for batch in batches(runs):
        ratios = log_ratios(simulate(world, last, batch, generator))
        rounds, verdict = np.full(batch, last), np.zeros(batch)
        for look, level in zip(sequential.LOOKS, sequential.levels(), strict=True):
            found = verdict_of(of(ratios[:look]), level, generator)
            new = (verdict == 0) & (found != 0)
            rounds[new], verdict[new] = look, found[new]
        stopped.append(rounds)
        verdicts.append(verdict)
        full.append(verdict_of(of(ratios), bootstrap.LEVEL, generator))
    verdict = np.concatenate(verdicts)
    return Ended(
        different=float(np.mean(verdict != 0)),
        rounds=float(np.mean(np.concatenate(stopped))),
        as_all_rounds=float(np.mean(verdict == np.concatenate(full))),
    )


def verdict_of(ratios: Floats, level: float, generator: np.random.Generator) -> Floats:
    """Of each run: -1 faster, 1 slower, 0 no difference."""
    rounds = len(ratios)
    resampled = Draws(rounds, generator).sums(ratios) / rounds
    low, high = bootstrap.ends(resampled, ratios.mean(axis=0), level, rounds)
    return np.where(high < 0, -1.0, np.where(low > 0, 1.0, 0.0))


def batches(runs: int) -> Iterator[int]:
    """The runs, in batches that share their resamples."""
    for start in range(0, runs, BATCH):
        yield min(BATCH, runs - start)


def grid() -> Iterator[World]:
    """The worlds in which coverage is to hold."""
    for sd, icc, drift, stalls in itertools.product(
        (0.1, 0.3, 1.0), (0.0, 0.25, 0.5), (0.0, 0.2), (0.0, 0.01)
    ):
        yield World(sd * math.sqrt(1 - icc), sd * math.sqrt(icc), drift, stalls)


def upper(hits: float, runs: int) -> float:
    """Clopper and Pearson's upper 99 % bound of a share."""
    count = round(hits * runs)
    return float(special.betaincinv(count + 1, runs - count, 0.99)) if count < runs else 1.0


def told_coverage(pool: ProcessPoolExecutor, runs: int) -> Iterator[str]:
    """Coverage at each size: mean over the grid, least and most, and cells outside for certain."""
    worlds = list(grid())
    yield f"Coverage of 95 % intervals, {len(worlds)} worlds x {runs:,} runs at each size:"
    yield ""
    yield "| environments | of | mean | least | most | worlds surely outside 94-96 % |"
    yield "|---|---|---|---|---|---|"
    for size in SIZES:
        tasks = [(world, size, runs, 1_000 * size + n) for n, world in enumerate(worlds)]
        found = list(pool.map(coverage, tasks))
        for name, shares in (
            ("medians", [one.medians for one in found]),
            ("mean cost", [one.means for one in found]),
            ("medians, plain percentiles", [one.plain for one in found]),
        ):
            sure = 2.576 * math.sqrt(0.05 * 0.95 / runs)
            outside = sum(share < 0.94 - sure or share > 0.96 + sure for share in shares)
            yield (
                f"| {size} | {name} | {np.mean(shares):.2%} | {min(shares):.2%} | "
                f"{max(shares):.2%} | {outside} |"
            )
    unlike = World(within=0.1, between=0.06, shift=math.log(0.8), unlike=3.0)
    found = list(pool.map(coverage, [(unlike, size, runs, size) for size in SIZES]))
    yield ""
    yield "Unlike variants (0.8 of the time, three times the noise), medians and mean cost: " + (
        "; ".join(f"{one.environments}: {one.medians:.2%}, {one.means:.2%}" for one in found) + "."
    )


def told_looks(pool: ProcessPoolExecutor, runs: int) -> Iterator[str]:
    """False alarms, power and what stopping saves."""
    last = sequential.LOOKS[-1]
    noisy = World(within=0.25, between=0.15, drift=0.2, stalls=0.01)
    worlds = {
        "A/A": World(),
        "A/A, log-sd 0.3, drift, stalls": noisy,
        "3 % slower": World(shift=math.log(1.03)),
        "3 % slower, 20 calls": World(shift=math.log(1.03), calls=20),
        "10 % slower": World(shift=math.log(1.1)),
        "10 % faster": World(shift=math.log(0.9)),
        "10 % slower, drift, stalls": World(shift=math.log(1.1), drift=0.2, stalls=0.01),
        SLOW_SAME: World(slow=0.05),
        SLOW_SHIFTED: World(shift=math.log(1.08), slow=0.05),
    }
    tasks: list[tuple[World, int, int, Callable[[Floats], Floats]]] = [
        (world, runs, 7 + n, pseudo_values) for n, world in enumerate(worlds.values())
    ]
    before = {f"{name}, geometric means": worlds[name] for name in (SLOW_SAME, SLOW_SHIFTED)}
    tasks += [(world, runs, 27 + n, unbent) for n, world in enumerate(before.values())]
    yield f"The stopping rule, looks after {sequential.LOOKS} rounds, {runs:,} runs each:"
    yield ""
    yield "| world | called different | upper 99 % | mean rounds | saved | as after all rounds |"
    yield "|---|---|---|---|---|---|"
    for name, one in zip([*worlds, *before], pool.map(ended, tasks), strict=True):
        yield (
            f"| {name} | {one.different:.2%} | {upper(one.different, runs):.2%} | "
            f"{one.rounds:.1f} | {1 - one.rounds / last:.0%} | {one.as_all_rounds:.2%} |"
        )


def told_efficiency(runs: int) -> Iterator[str]:
    """What an estimate that heeds no outliers costs where there are none."""
    generator = np.random.default_rng(11)
    ratios = log_ratios(simulate(World(), 60, runs, generator))
    least = np.var(ratios.mean(axis=0))
    huber = np.var(pseudo_values(ratios).mean(axis=0)) / least - 1
    median = np.var(np.median(ratios, axis=0)) / least - 1
    yield (
        f"Where no environment is slow, Huber's estimate over 60 rounds needs {huber:.1%} more "
        f"rounds for the same interval than their geometric mean, and their median {median:.0%} "
        f"({runs:,} runs)."
    )


def told_speed(count: int) -> str:
    """How long a recorded run takes to analyse when it is made as long as that."""
    folder = RunFolder.open(DUEL)
    manifest, recorded = folder.manifest(), folder.samples().samples
    equality = cases(recorded, manifest.workload.equality)
    samples = list(prolonged(recorded, count))
    began = time.perf_counter()
    summary = summarise(manifest, samples, equality)
    took = time.perf_counter() - began
    told = f"{len(summary.cells)} cells, {summary.rounds} rounds"
    return f"Analysis of {len(samples):,} samples ({told}): {took:.1f} s."


def prolonged(recorded: Iterable[Sample], count: int) -> Iterator[Sample]:
    """A recorded run as if it had had many rounds, each with a cold and as many warm calls."""
    generator = np.random.default_rng(5)
    recorded = tuple(recorded)
    colds = sum(sample.trial.call == "cold" for sample in recorded)
    warm_calls = max(1, count // DUEL_ROUNDS // colds - 1)
    for number in range(DUEL_ROUNDS):
        for sample in recorded:
            trial = msgspec.structs.replace(sample.trial, round=number)
            copies = 1 if trial.call == "cold" else warm_calls
            for factor in np.exp(generator.normal(0, 0.1, copies)):
                if sample.report is None:
                    continue
                took = sample.report.duration_ms * float(factor)
                report = msgspec.structs.replace(
                    sample.report, duration_ms=took, billed_ms=math.ceil(took)
                )
                yield msgspec.structs.replace(sample, trial=trial, report=report)


def report(scale: float) -> Iterator[str]:
    """Every line of the result."""
    began = time.monotonic()
    runs = max(1, round(4_000 * scale))
    with ProcessPoolExecutor(2) as pool:
        yield from told_coverage(pool, runs)
        yield ""
        yield from told_looks(pool, max(1, round(10_000 * scale)))
    yield ""
    yield from told_efficiency(max(2, runs))
    yield ""
    yield told_speed(max(1_000, round(1_000_000 * scale)))
    yield ""
    yield f"Made by `make simulate` in {time.monotonic() - began:.0f} s."


def written(page: str, lines: Iterable[str]) -> str:
    """A page with its generated part replaced."""
    head, rest = page.split(BEGIN)
    return "\n".join([f"{head}{BEGIN}", *lines, f"{END}{rest.split(END)[1]}"])


def main(say: Callable[[str], None] = print) -> None:
    """Simulate, tell, and keep it in the page that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of runs")
    parser.add_argument("--write", type=Path, help="the page whose generated part is replaced")
    asked = parser.parse_args()
    lines = []
    for line in report(asked.scale):
        say(line)
        lines.append(line)
    if asked.write is not None:
        asked.write.write_text(written(asked.write.read_text(), lines))


if __name__ == "__main__":
    main()
