from __future__ import annotations

import pytest

from lambdameter import errors


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (errors.NegativeVerdictError, 1),
        (errors.BadInputError, 2),
        (errors.HostError, 3),
        (errors.TargetError, 4),
        (errors.CannotTellError, 5),
    ],
)
def test_each_kind_has_its_documented_exit_code(
    kind: type[errors.LambdameterError], exit_code: int
) -> None:
    assert kind("cause", next_step="do this").exit_code == exit_code


def test_an_error_tells_cause_place_and_next_step() -> None:
    error = errors.BadInputError("No such case", place="workload.toml:7", next_step="Name one")
    assert str(error) == "No such case (workload.toml:7). Name one"
