from __future__ import annotations

import pytest

from lambdameter.emulator.execution.invocation import InvocationRequest


def test_requests_do_not_share_their_headers() -> None:
    one = InvocationRequest(request_id="r1", payload=b"1")
    one.headers["Lambda-Runtime-Trace-Id"] = "Root=1"
    assert InvocationRequest(request_id="r2", payload=b"1").headers == {}


def test_an_event_cannot_change_on_its_way() -> None:
    request = InvocationRequest(request_id="r1", payload=b"1")
    with pytest.raises(AttributeError):
        request.payload = b"2"  # type: ignore[misc]
