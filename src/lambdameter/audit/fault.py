"""Errors in a table file: where they are, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from lambdameter.errors import BadInputError

_MOST = 20


class Fault(Exception):  # noqa: N818 - it becomes a BadInputError
    """One error in a cell; `column` is "" for an error in the whole line."""

    def __init__(self, line: int, column: str, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.line = line
        self.column = column
        self.cause = cause
        self.next_step = next_step

    def where(self, place: str) -> str:
        """`table.csv:12, column unit`."""
        return f"{place}:{self.line}" + (f", column {self.column}" if self.column else "")


def refuse(place: str, faults: Sequence[Fault]) -> NoReturn:
    """Raise the first error as BadInputError, with the others as notes."""
    first, *others = sorted(faults, key=lambda fault: fault.line)
    error = BadInputError(first.cause, place=first.where(place), next_step=first.next_step)
    for fault in others[:_MOST]:
        error.add_note(f"{fault.where(place)}: {fault.cause}. {fault.next_step}")
    if len(others) > _MOST:
        error.add_note(f"and {len(others) - _MOST} more errors")
    raise error
