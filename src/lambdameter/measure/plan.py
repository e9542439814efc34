"""An experiment and a seed -> the trials, in the order in which they will be made. Pure.

The unit of repetition is the execution environment: each is a new one, answers one cold call, then
its warm calls. A round has one environment of every cell (variant x case x memory size), in random
order, so that a drift of the host affects all cells alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.base import MAX_MEMORY_MB, MIN_MEMORY_MB, CallKey, CellKey
from lambdameter.model.sample import Trial
from lambdameter.model.workload import Workload

# For short handlers: environments of each cell, and warm calls in each.
ROUNDS = 20
WARM_CALLS = 15
# The longest run whose numbers of calls are not all given, seconds.
LONGEST_S = 600.0


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """The cells of a run: every variant on every case at every memory size."""

    variants: tuple[str, ...]
    cases: tuple[str, ...]
    memory_mb: tuple[int, ...]


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    """How often each cell is measured.

    Attributes:
        rounds: number of environments per cell; each answers one cold call.
        warm_calls: number of warm calls in each of these environments.
    """

    rounds: int = 1
    warm_calls: int = 1


COPY = "-copy"


def doubled(workload: Workload, names: Sequence[str]) -> tuple[Workload, dict[str, str]]:
    """A workload of these variants, each with a copy, and the map of copies to originals.

    All of them are candidates, since a comparison of copies recommends nothing.

    Raises:
        BadInputError: a variant is unknown or given twice, or none is given.
    """
    _check_names("variant", names, [variant.name for variant in workload.variants], "--variants")
    used_names = {variant.name for variant in workload.variants}
    copies: dict[str, str] = {}
    variants = []
    for original in workload.variants:
        if original.name not in names:
            continue
        name = original.name + COPY
        while name in used_names:
            name += COPY
        used_names.add(name)
        copies[name] = original.name
        plain = msgspec.structs.replace(original, not_a_candidate=None)
        twin = msgspec.structs.replace(plain, name=name, title=f"{original.title} (copy)")
        variants += [plain, twin]
    doubled_workload = msgspec.structs.replace(
        workload, variants=tuple(variants), default_variants=()
    )
    return doubled_workload, copies


def make(
    workload: Workload,
    cells: Cells,
    repetition: Repetition,
    shuffle: Callable[[list[CellKey]], None],
) -> tuple[Trial, ...]:
    """All trials of an experiment; the same arguments always give the same plan.

    Args:
        workload: the workload of the cells' variants and cases.
        cells: the cells to measure.
        repetition: how often to measure each cell.
        shuffle: puts a list in random order, in place: `random.Random(seed).shuffle`.

    Raises:
        BadInputError: a variant or case is unknown, Lambda does not have a memory size, or there
            are no calls.
    """
    _check_names(
        "variant", cells.variants, [variant.name for variant in workload.variants], "--variants"
    )
    _check_names("case", cells.cases, [case.name for case in workload.cases], "--cases")
    check_memory_sizes(cells.memory_mb)
    _check_numbers(repetition)
    once = list(product(cells.variants, cells.cases, cells.memory_mb))
    trials: list[Trial] = []
    environment = 0
    for number in range(repetition.rounds):
        visits = list(once)
        shuffle(visits)
        for variant, case, memory in visits:
            trials += [
                Trial(
                    index=len(trials) + position,
                    round=number,
                    environment=environment,
                    workload=workload.name,
                    variant=variant,
                    case=case,
                    memory_mb=memory,
                    call="warm" if position else "cold",
                )
                for position in range(1 + repetition.warm_calls)
            ]
            environment += 1
    return tuple(trials)


def remaining(trials: Sequence[Trial], done: Collection[int]) -> tuple[Trial, ...]:
    """The trials of a plan that are still to be made.

    An environment that was not finished is measured again from its cold call, since the environment
    of the earlier calls no longer exists.

    Args:
        trials: the plan.
        done: indices of the trials that have a sample.
    """
    unfinished = {trial.environment for trial in trials if trial.index not in done}
    return tuple(trial for trial in trials if trial.environment in unfinished)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a round in seconds or USD: of its cold calls, and of one warm call per cell."""

    cold: float
    warm: float

    def takes(self, repetition: Repetition) -> float:
        """The cost of a whole run."""
        return repetition.rounds * (self.cold + repetition.warm_calls * self.warm)


def pace(cells: int, took: Mapping[CallKey, float], heavier: float) -> Pace:
    """The cost of a round, estimated from single calls.

    Args:
        cells: number of cells in a round; cells without a call are taken to be like the others.
        took: cost by cell and call; every cell in it has a cold call.
        heavier: work of a warm call / work of a cold call, for cells without a warm call.
    """
    colds = {cell: value for (cell, call), value in took.items() if call == "cold"}
    warms = [took.get((cell, "warm"), heavier * cold) for cell, cold in colds.items()]
    share = cells / len(colds)
    return Pace(cold=share * sum(colds.values()), warm=share * sum(warms))


class RequestedRepetition(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that the user or workload.toml asks for; None: any number."""

    rounds: int | None
    warm_calls: int | None

    def fitting(self, pace: Pace | None = None, room_s: float = LONGEST_S) -> Repetition:
        """The requested numbers; for the others the defaults, or as many as the time allows.

        Warm calls are reduced first, since environments are the unit of repetition.

        Args:
            pace: cost of a round in seconds; None: unknown.
            room_s: the longest time of a run whose numbers are not all requested, seconds.
        """
        rounds = ROUNDS if self.rounds is None else self.rounds
        warm_calls = WARM_CALLS if self.warm_calls is None else self.warm_calls
        if pace is not None and self.warm_calls is None:
            room = room_s / max(1, rounds) - pace.cold
            warm_calls = max(1, min(warm_calls, int(room / pace.warm)))
        if pace is not None and self.rounds is None:
            round_s = pace.takes(Repetition(rounds=1, warm_calls=warm_calls))
            rounds = max(1, min(rounds, int(room_s / round_s)))
        return Repetition(rounds=rounds, warm_calls=warm_calls)


def _check_names(kind: str, names: Sequence[str], choices: Sequence[str], flag: str) -> None:
    unknown = [name for name in names if name not in choices]
    if unknown or not names or len(set(names)) < len(names):
        cause = (
            f"There is no {kind} named {unknown[0]!r}"
            if unknown
            else f"A {kind} is given twice"
            if names
            else f"No {kind} was given"
        )
        raise BadInputError(cause, place=flag, next_step=f"Choose from: {', '.join(choices)}.")


def check_memory_sizes(memory_mb: Sequence[int]) -> None:
    """Check that Lambda has these memory sizes. Raises BadInputError."""
    for memory in memory_mb:
        if not MIN_MEMORY_MB <= memory <= MAX_MEMORY_MB:
            raise BadInputError(
                f"Lambda has no memory size of {memory} MB",
                place="--memory",
                next_step=f"Give whole MB from {MIN_MEMORY_MB} to {MAX_MEMORY_MB}.",
            )
    if not memory_mb or len(set(memory_mb)) < len(memory_mb):
        raise BadInputError(
            "No memory size was given" if not memory_mb else "A memory size is given twice",
            place="--memory",
            next_step="Give each memory size once, for instance 128,1024.",
        )


def _check_numbers(repetition: Repetition) -> None:
    for flag, value, least in (
        ("--rounds", repetition.rounds, 1),
        ("--warm", repetition.warm_calls, 0),
    ):
        if value < least:
            raise BadInputError(
                f"{value} is too few", place=flag, next_step=f"Give at least {least}."
            )
