from __future__ import annotations

from typing import Literal

import pytest

from lambdameter.model.sample import FieldDifference, SampleError
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule
from lambdameter.verify.outcome import Outcome, compare

EXACT = EqualityRule()


def failed(
    kind: str, message: str = "no", of: Literal["function", "invoke", "answer"] = "function"
) -> Outcome:
    return Outcome(error=SampleError(kind=of, type=kind, message=message))


def test_answers_are_compared_under_the_rule() -> None:
    rule = EqualityRule(response=(AnswerMayDiffer(field="ms", reason="a time"),))
    left, right = Outcome(answer={"n": 1, "ms": 1}), Outcome(answer={"n": 1, "ms": 2})
    assert compare(left, right, rule) == ()
    assert compare(left, right, EXACT) == (FieldDifference(field="ms", expected="1", actual="2"),)


def test_more_in_one_answer_is_a_difference_on_either_side() -> None:
    left, right = Outcome(answer={"n": 1}), Outcome(answer={"n": 1, "m": None})
    assert [one.field for one in compare(left, right, EXACT)] == ["m"]
    assert [one.field for one in compare(right, left, EXACT)] == ["m"]


@pytest.mark.parametrize("errors", ["type", "message", "any"])
@pytest.mark.parametrize("answer", [None, {"errorType": "ValueError", "errorMessage": "no"}])
def test_a_failure_is_never_like_an_answer(
    errors: Literal["type", "message", "any"], answer: object
) -> None:
    rule = EqualityRule(errors=errors)
    (told,) = compare(failed("ValueError"), Outcome(answer=answer), rule)
    assert (told.field, told.expected) == ("", "ValueError: no")
    assert compare(Outcome(answer=answer), failed("ValueError"), rule)


@pytest.mark.parametrize(
    ("errors", "other", "fields"),
    [
        ("type", failed("ValueError", "other words"), []),
        ("type", failed("KeyError"), ["errorType"]),
        ("message", failed("ValueError"), []),
        ("message", failed("ValueError", "other words"), ["errorMessage"]),
        ("message", failed("KeyError", "other words"), ["errorType", "errorMessage"]),
        ("any", failed("KeyError", "other words"), []),
        ("any", failed("Sandbox.Timedout"), []),
    ],
)
def test_two_failures_are_alike_as_the_rule_says(
    errors: Literal["type", "message", "any"], other: Outcome, fields: list[str]
) -> None:
    told = compare(failed("ValueError"), other, EqualityRule(errors=errors))
    assert [one.field for one in told] == fields


def test_answers_that_are_no_json_must_be_the_same_text_whatever_the_rule() -> None:
    rule = EqualityRule(errors="any")
    left = failed("NotJson", "it begins with NaN", "answer")
    assert compare(left, left, rule) == ()
    assert compare(left, failed("NotJson", "it begins with Infinity", "answer"), rule)
    assert compare(left, failed("ValueError"), rule)
