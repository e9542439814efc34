from __future__ import annotations

import json

from lambdameter.emulator.control import api_errors


def test_a_callers_fault_is_told_as_the_users() -> None:
    error = api_errors.not_found("arn")
    assert json.loads(error.document()) == {"Type": "User", "Message": "Function not found: arn"}


def test_our_own_fault_is_told_as_the_services() -> None:
    error = api_errors.service("The data plane has died")
    assert (error.status, error.type) == (500, "Service")


def test_throttling_carries_its_reason() -> None:
    document = json.loads(api_errors.too_many_requests("Why").document())
    assert document == {"Type": "User", "Message": "Rate Exceeded.", "Reason": "Why"}
