"""Values of flags: memory sizes, settings, durations, percentages, numbers of rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from lambdameter.errors import BadInputError
from lambdameter.model.comparison import StoppingRule
from lambdameter.report.terminal import PARTS
from lambdameter.stats import sequential

_UNITS = {"s": 1, "m": 60, "h": 3600}
_TYPED = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d+)?)\s*%")
_AUTO = "auto"


def read_settings(options: Sequence[str]) -> dict[str, str]:
    """The values of `--set name=value`, by name. Raises BadInputError."""
    settings = {}
    for option in options:
        name, separator, value = option.partition("=")
        if not separator or not name:
            raise BadInputError(
                f"{option!r} is not a setting",
                place="--set",
                next_step="Give name=value, for instance records=2000.",
            )
        settings[name.strip()] = value.strip()
    return settings


def read_memory_sizes(listed: str) -> tuple[int, ...]:
    """The memory sizes of `--memory 128,1024`, in MB. Raises BadInputError."""
    try:
        return tuple(int(size) for size in listed.split(","))
    except ValueError:
        raise BadInputError(
            f"{listed!r} is not a list of memory sizes",
            place="--memory",
            next_step="Give whole MB separated by commas, for instance 128,1024.",
        ) from None


def seconds(typed: str, flag: str) -> float:
    """A duration such as "90s", "5m" or "1h", in seconds.

    Raises:
        BadInputError: the text is not a duration above 0; the error's place is the flag.
    """
    match = _TYPED.fullmatch(typed.strip())
    value_s = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not value_s:
        raise BadInputError(
            f"{typed!r} is not a duration",
            place=flag,
            next_step="Give a number and its unit, for instance 90s, 5m or 1h.",
        )
    return value_s


def percent(typed: str, flag: str) -> float:
    """A share, from a percentage such as "5%", "5 %" or "2.5%".

    Raises:
        BadInputError: the text is not a percentage; the error's place is the flag.
    """
    match = _PERCENT.fullmatch(typed.strip())
    if match is None:
        raise BadInputError(
            f"{typed!r} is not a percentage",
            place=flag,
            next_step="Give a number from 0 to 9999 and a percent sign, for instance 5%.",
        )
    return float(match[1]) / 100


def parts(listed: str | None, *, is_document: bool) -> tuple[str, ...]:
    """The parts of the full report in `--only`; empty: all parts.

    Args:
        listed: the flag's value; None: the flag was not given.
        is_document: whether the format is JSON or Markdown, which have no parts.

    Raises:
        BadInputError: the report has no such part, or the format has no parts.
    """
    if listed is None:
        return ()
    if is_document:
        raise BadInputError(
            "JSON and Markdown are written whole",
            place="--only",
            next_step="Omit --only, or the other format.",
        )
    named = tuple(part.strip() for part in listed.split(","))
    unknown = [part for part in named if part not in PARTS]
    if unknown:
        raise BadInputError(
            f"The report has no part {unknown[0]!r}",
            place="--only",
            next_step=f"Choose from: {', '.join(PARTS)}.",
        )
    return named


class Repetitions(TypedDict):
    """The numbers of calls in `RunOptions`."""

    cold: int | None
    warm: int | None
    stopping_rule: StoppingRule | None


def repetitions(rounds: str | None, warm: int | None, budget: str | None) -> Repetitions:
    """The values of `--rounds`, `--warm` and `--budget`.

    Raises:
        BadInputError: as in `fixed` and `stopping_rule`.
    """
    return Repetitions(cold=fixed(rounds), warm=warm, stopping_rule=stopping_rule(rounds, budget))


def fixed(rounds: str | None) -> int | None:
    """A fixed number of rounds; None for `auto` and where the flag was not given.

    Raises:
        BadInputError: the value is not a number.
    """
    if rounds is None or rounds == _AUTO:
        return None
    try:
        return int(rounds)
    except ValueError:
        raise BadInputError(
            f"{rounds!r} is not a number of rounds",
            place="--rounds",
            next_step="Give auto, or a whole number of at least 1.",
        ) from None


def stopping_rule(rounds: str | None, budget: str | None) -> StoppingRule | None:
    """The rule of `--rounds auto`; None for a fixed number of rounds.

    Raises:
        BadInputError: the budget is not a duration, or was given without `--rounds auto`.
    """
    budget_s = None if budget is None else seconds(budget, "--budget")
    if rounds == _AUTO:
        return StoppingRule(looks=sequential.LOOKS, budget_s=budget_s)
    if budget is not None:
        raise BadInputError(
            "--budget works only together with --rounds auto",
            place="--budget",
            next_step="Add --rounds auto, or omit --budget.",
        )
    return None
