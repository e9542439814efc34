"""An experiment and a seed -> the trials, in the order in which they will be made. Pure.

The unit of repetition is the execution environment: each is forced anew, answers one cold call,
then its warm calls. A round holds one environment of every cell (variant x case x tier), in
random order, so that a drift of the host falls on all cells alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import product

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model import MAX_MEMORY_MB, MIN_MEMORY_MB, Trial, Workload

Cell = tuple[str, str, int]


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
    _known("variant", names, [one.name for one in workload.variants], "--variants")
    taken = {one.name for one in workload.variants}
    copies: dict[str, str] = {}
    variants = []
    for original in workload.variants:
        if original.name not in names:
            continue
        name = original.name + COPY
        while name in taken:
            name += COPY
        taken.add(name)
        copies[name] = original.name
        plain = msgspec.structs.replace(original, exhibit=None)
        twin = msgspec.structs.replace(plain, name=name, title=f"{original.title} (copy)")
        variants += [plain, twin]
    made = msgspec.structs.replace(workload, variants=tuple(variants), default_variants=())
    return made, copies


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
    _known("variant", cells.variants, [one.name for one in workload.variants], "--variants")
    _known("case", cells.cases, [one.name for one in workload.cases], "--cases")
    _check_numbers(cells.memory_mb, repetition)
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


def _known(kind: str, asked: Sequence[str], known: Sequence[str], flag: str) -> None:
    unknown = [name for name in asked if name not in known]
    if unknown or not asked or len(set(asked)) < len(asked):
        cause = (
            f"There is no {kind} {unknown[0]!r}"
            if unknown
            else f"A {kind} is named twice"
            if asked
            else f"No {kind} is named"
        )
        raise BadInputError(cause, place=flag, next_step=f"Choose from: {', '.join(known)}.")


def _check_numbers(memory_mb: Sequence[int], repetition: Repetition) -> None:
    for memory in memory_mb:
        if not MIN_MEMORY_MB <= memory <= MAX_MEMORY_MB:
            raise BadInputError(
                f"Lambda has no {memory} MB tier",
                place="--memory",
                next_step=f"Give whole MB from {MIN_MEMORY_MB} to {MAX_MEMORY_MB}.",
            )
    if not memory_mb or len(set(memory_mb)) < len(memory_mb):
        raise BadInputError(
            "No tier is named" if not memory_mb else "A tier is named twice",
            place="--memory",
            next_step="Give each once, for instance 128,1024.",
        )
    for flag, value, least in (
        ("--cold", repetition.rounds, 1),
        ("--warm", repetition.warm_calls, 0),
    ):
        if value < least:
            raise BadInputError(
                f"{value} is too few", place=flag, next_step=f"Give at least {least}."
            )
