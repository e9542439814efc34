"""What two variants made of the same event, held against each other, failures included. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from lambdameter.model.sample import FieldDifference, SampleError
from lambdameter.model.workload import EqualityRule
from lambdameter.verify import response as answers

# Told in a difference as the place where two failures differ.
ERROR_TYPE, ERROR_MESSAGE = "errorType", "errorMessage"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or why there is none.

    Attributes:
        answer: the response's JSON, decoded; of a failure nothing.
        error: None: it answered.
    """

    answer: Any = None
    error: SampleError | None = None

    @property
    def shown(self) -> str:
        """On one line, as a reader is told it."""
        if self.error is None:
            return answers.canonical(self.answer)
        return f"{self.error.type}: {self.error.message}"


def compare(left: Outcome, right: Outcome, rule: EqualityRule) -> tuple[FieldDifference, ...]:
    """Where they differ; `expected` is the left one's. Empty: they do the same.

    A failure is never like an answer. Two failures are alike as the rule's `errors` says; two
    answers that are no JSON must be the same text, whatever it says.
    """
    if left.error is None and right.error is None:
        return answers.differences(left.answer, right.answer, rule)
    if left.error is None or right.error is None:
        return (FieldDifference(field="", expected=left.shown, actual=right.shown),)
    compared = [(ERROR_TYPE, left.error.type, right.error.type)]
    if rule.errors == "message" or "answer" in (left.error.kind, right.error.kind):
        compared.append((ERROR_MESSAGE, left.error.message, right.error.message))
    elif rule.errors == "any":
        compared = []
    return tuple(
        FieldDifference(field=field, expected=mine, actual=theirs)
        for field, mine, theirs in compared
        if mine != theirs
    )
