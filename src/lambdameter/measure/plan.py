"""An experiment and a seed -> the trials, in the order in which they will be made. Pure.

The unit of repetition is the execution environment: each is forced anew, answers one cold call,
then its warm calls. A round holds one environment of every cell (variant x case x tier), in
random order, so that a drift of the host falls on all cells alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.base import MAX_MEMORY_MB, MIN_MEMORY_MB, Call
from lambdameter.model.sample import Trial
from lambdameter.model.workload import Workload

Cell = tuple[str, str, int]

# For short handlers: environments of each cell, and warm calls in each.
ROUNDS = 20
WARM_CALLS = 15
# Where nobody said how often, a run takes no longer, seconds.
LONGEST_S = 600.0


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: every variant on every case at every tier."""

    variants: tuple[str, ...]
    cases: tuple[str, ...]
    memory_mb: tuple[int, ...]


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    """How often.

    Attributes:
        rounds: environments of each cell; each answers one cold call.
        warm_calls: calls that follow in each of these environments.
    """

    rounds: int = 1
    warm_calls: int = 1


COPY = "-copy"


def doubled(workload: Workload, names: Sequence[str]) -> tuple[Workload, dict[str, str]]:
    """A workload of these variants, each with a copy of itself beside it; copy -> original.

    Neither is an exhibit in it: there is nothing to recommend.

    Raises:
        BadInputError: an unknown variant, none, or one named twice.
    """
    _known("variant", names, [variant.name for variant in workload.variants], "--variants")
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
        plain = msgspec.structs.replace(original, exhibit=None)
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
    shuffle: Callable[[list[Cell]], None],
) -> tuple[Trial, ...]:
    """All trials of an experiment: the same arguments, the same plan.

    Args:
        workload: whose variants and cases the cells name.
        cells: what is measured.
        repetition: how often.
        shuffle: puts a list in random order, in place: `random.Random(seed).shuffle`.

    Raises:
        BadInputError: an unknown variant or case, a tier that Lambda does not have, no calls.
    """
    _known("variant", cells.variants, [variant.name for variant in workload.variants], "--variants")
    _known("case", cells.cases, [case.name for case in workload.cases], "--cases")
    check_tiers(cells.memory_mb)
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
    """What is left of a plan of which the trials with these indices were made.

    An environment that was not finished is begun anew: its warm calls belong to an environment
    whose cold call was seen, and the one that was seen is gone.
    """
    unfinished = {trial.environment for trial in trials if trial.index not in done}
    return tuple(trial for trial in trials if trial.environment in unfinished)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What a round takes, in seconds or in USD: its cold calls, and one warm call of each cell."""

    cold: float
    warm: float

    def takes(self, repetition: Repetition) -> float:
        """What a whole run takes."""
        return repetition.rounds * (self.cold + repetition.warm_calls * self.warm)


def pace(cells: int, took: Mapping[tuple[Cell, Call], float], heavier: float) -> Pace:
    """What a round takes, by what single calls took.

    Args:
        cells: how many a round holds; those of which no call was made are like the others.
        took: by cell and call; each cell in it has its cold call.
        heavier: how many times a cold call's work a warm call does, where no warm one was made.
    """
    colds = {cell: value for (cell, call), value in took.items() if call == "cold"}
    warms = [took.get((cell, "warm"), heavier * cold) for cell, cold in colds.items()]
    share = cells / len(colds)
    return Pace(cold=share * sum(colds.values()), warm=share * sum(warms))


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """How often a user or a workload.toml wants it; None: nothing was said."""

    rounds: int | None
    warm_calls: int | None

    def fitting(self, pace: Pace | None = None, room_s: float = LONGEST_S) -> Repetition:
        """What was said; for the rest the protocol's numbers, or as many as there is room for.

        Warm calls are given up first: environments are the unit of repetition.

        Args:
            pace: what a round takes, seconds; None: not known.
            room_s: how long a run may take of which not all was said.
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


def _known(kind: str, names: Sequence[str], choices: Sequence[str], flag: str) -> None:
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


def check_tiers(memory_mb: Sequence[int]) -> None:
    """Whether Lambda has them all. Raises BadInputError."""
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
