"""The outcomes of two variants on the same event, compared, also if they failed. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from lambdameter.model.sample import FieldDifference, SampleError
from lambdameter.model.workload import EqualityRule
from lambdameter.verify import response as answers

# Names of the fields in which two failures differ.
ERROR_TYPE, ERROR_MESSAGE = "errorType", "errorMessage"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An answer or an error.

    Attributes:
        answer: the response's JSON, decoded; None after a failure.
        error: None if the variant answered.
    """

    answer: Any = None
    error: SampleError | None = None

    @property
    def text(self) -> str:
        """The outcome in one line, for readers."""
        if self.error is None:
            return answers.canonical(self.answer)
        return f"{self.error.type}: {self.error.message}"


def compare(left: Outcome, right: Outcome, rule: EqualityRule) -> tuple[FieldDifference, ...]:
    """The differences of two outcomes; `expected` is the left one. Empty: they are alike.

    A failure and an answer always differ. The rule's `errors` says when two failures are alike. Two
    answers that are not JSON must be the same text.
    """
    if left.error is None and right.error is None:
        return answers.differences(left.answer, right.answer, rule)
    if left.error is None or right.error is None:
        return (FieldDifference(field="", expected=left.text, actual=right.text),)
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
