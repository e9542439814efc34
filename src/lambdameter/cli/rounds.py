"""`--rounds` and `--budget`: how often, as it is typed."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from lambdameter import plan
from lambdameter.cli import duration
from lambdameter.errors import BadInputError
from lambdameter.model import StoppingRule
from lambdameter.stats import sequential

Rounds = Annotated[
    str | None,
    typer.Option(
        "--rounds",
        "--cold",
        metavar="N|auto",
        help="Environments of each cell, each with a cold call. By default the workload's own "
        f"number, or {plan.ROUNDS}, fewer where calls take long. auto: until every difference is "
        f"decided, {sequential.LOOKS[-1]} at most.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="What measuring may take with --rounds auto: 90s, 5m, 1h. No round is begun that "
        "would not end in time.",
    ),
]
_AUTO = "auto"


class Often(TypedDict):
    """The part of `Asked` that says how often."""

    cold: int | None
    warm: int | None
    stopping_rule: StoppingRule | None


def often(rounds: str | None, warm: int | None, budget: str | None) -> Often:
    """What was typed of it.

    Raises:
        BadInputError: as `fixed` and `stopping_rule`.
    """
    return Often(cold=fixed(rounds), warm=warm, stopping_rule=stopping_rule(rounds, budget))


def fixed(rounds: str | None) -> int | None:
    """The number of rounds that was asked for; None: none was.

    Raises:
        BadInputError: it is none.
    """
    if rounds is None or rounds == _AUTO:
        return None
    try:
        return int(rounds)
    except ValueError:
        raise BadInputError(
            f"{rounds!r} is no number of rounds",
            place="--rounds",
            next_step="Give auto, or a whole number from 1 on.",
        ) from None


def stopping_rule(rounds: str | None, budget: str | None) -> StoppingRule | None:
    """How a run ends by itself; None: after its number of rounds.

    Raises:
        BadInputError: the budget is no duration, or has nothing to end.
    """
    budget_s = None if budget is None else duration.seconds(budget, "--budget")
    if rounds == _AUTO:
        return StoppingRule(looks=sequential.LOOKS, budget_s=budget_s)
    if budget is not None:
        raise BadInputError(
            "A run with a number of rounds has no budget",
            place="--budget",
            next_step="Give --rounds auto with it, or leave it away.",
        )
    return None
