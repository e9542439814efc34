"""How long something may take, as it is typed: 90s, 5m, 1h."""

from __future__ import annotations

import re

from lambdameter.errors import BadInputError

_UNITS = {"s": 1, "m": 60, "h": 3600}
_TYPED = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")


def seconds(typed: str, flag: str) -> float:
    """More than 0.

    Raises:
        BadInputError: it is no duration, or none at all; its place is the flag.
    """
    found = _TYPED.fullmatch(typed.strip())
    told = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not told:
        raise BadInputError(
            f"{typed!r} is no duration",
            place=flag,
            next_step="Give a number and its unit, for instance 90s, 5m or 1h.",
        )
    return told
