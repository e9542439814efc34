from __future__ import annotations

import tomllib

import pytest

from lambdameter.emulator.services import latency
from lambdameter.errors import BadInputError


@pytest.mark.parametrize(("told", "expected"), [("0", 0.0), ("6", 6.0), (" 2.5 ", 2.5)])
def test_a_number_is_a_median(told: str, expected: float) -> None:
    assert latency.median_ms(told) == expected


@pytest.mark.parametrize("told", ["off", "model.toml", "", "6 ms"])
def test_what_is_no_number_is_no_median(told: str) -> None:
    assert latency.median_ms(told) is None


@pytest.mark.parametrize("told", ["-1", "-0", "60001", "nan", "inf", "1e300"])
def test_a_time_that_no_service_takes_is_refused(told: str) -> None:
    with pytest.raises(BadInputError, match=f"A service latency cannot be {told} ms"):
        latency.median_ms(told)


@pytest.mark.parametrize("median", [0.001, 6.0, 60_000.0])
def test_every_request_takes_the_median_and_twice_as_long_at_most_once_in_a_hundred(
    median: float,
) -> None:
    read = tomllib.loads(latency.model(median))
    expected = {"p50_ms": median, "p99_ms": 2 * median}
    assert (read["dynamodb"]["default"], read["s3"]["default"]) == (expected, expected)
    assert "operations" not in read["dynamodb"]


def test_every_request_is_also_the_first_of_a_connection() -> None:
    assert "connection" not in tomllib.loads(latency.model(6.0))


def test_the_line_names_the_model_and_no_file() -> None:
    assert latency.line(2.5, 7) == (
        "2.5 ms per request at the median, 5 ms at the 99th percentile, the same for "
        "DynamoDB and S3, seed 7"
    )
    assert latency.line(0, 7) == ("0 ms: the services take only as long as they take on this host")
