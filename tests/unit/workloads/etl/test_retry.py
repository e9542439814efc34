"""Which failed requests are made again, and how often."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ResponseStreamingError,
)


def refused(status: int, code: str) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    error = {"Code": code, "Message": ""}
    return ClientError({"Error": error, "ResponseMetadata": metadata}, "Operation")  # type: ignore[typeddict-item]


class Service:
    """Fails so often, then answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.asked = 0
        self._failures = failures
        self._error = error

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self._failures:
            raise self._error
        return "answer"


@pytest.fixture
def waited(python_variant: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which are not waited."""
    waits: list[float] = []
    monkeypatch.setattr(python_variant.retry, "time", SimpleNamespace(sleep=waits.append))
    return waits


@pytest.fixture
def persist(python_variant: SimpleNamespace, waited: list[float]) -> Callable[[Service], str]:
    del waited
    made: Callable[[Service], str] = python_variant.retry.persist
    return made


MAY_PASS = [
    refused(503, "SlowDown"),
    refused(500, "InternalServerError"),
    EndpointConnectionError(endpoint_url="x"),
    ConnectionClosedError(endpoint_url="x"),
    ResponseStreamingError(error="broken"),
    IncompleteReadError(actual_bytes=1, expected_bytes=2),
]
WILL_NOT_PASS = [
    refused(404, "NoSuchKey"),
    refused(400, "ThrottlingException"),
    NoCredentialsError(),
    ValueError("ours"),
]


@pytest.mark.parametrize("error", MAY_PASS, ids=repr)
def test_what_may_pass_is_tried_again(persist: Callable[[Service], str], error: Exception) -> None:
    service = Service(3, error)

    assert persist(service) == "answer"
    assert service.asked == 4


@pytest.mark.parametrize("error", MAY_PASS, ids=repr)
def test_the_fourth_failure_is_raised(
    persist: Callable[[Service], str], waited: list[float], error: Exception
) -> None:
    service = Service(99, error)

    with pytest.raises(type(error)):
        persist(service)

    assert service.asked == 4
    assert [wait <= most for wait, most in zip(waited, (0.05, 0.1, 0.2), strict=True)] == [True] * 3


@pytest.mark.parametrize("error", WILL_NOT_PASS, ids=repr)
def test_what_will_not_pass_is_not_tried_again(
    persist: Callable[[Service], str], error: Exception
) -> None:
    service = Service(1, error)

    with pytest.raises(type(error)):
        persist(service)

    assert service.asked == 1
