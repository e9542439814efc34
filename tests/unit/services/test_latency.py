"""The latency model as a client feels it: a lower bound on time, never an upper one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.emulator.services import latency

FIXED_40 = "[dynamodb]\nundelayed = ['DescribeTable', 'Scan']\n"
FIXED_40 += "default = { p50_ms = 40.0, p99_ms = 40.0 }\n"
WIDE = "[dynamodb.operations]\nGetItem = { p50_ms = 60.0, p99_ms = 900.0 }\n"
KEY = {"id": {"S": "absent"}}


def _elapsed_ms(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


@pytest.fixture
def get_times(start: Any, make_table: Any) -> Callable[..., list[float]]:
    """How long each of some GetItem calls took, ms, with a data plane started for them."""

    def measured(count: int, *flags: str) -> list[float]:
        dynamodb = start(*flags).client("dynamodb")
        make_table(dynamodb, "table")
        return [
            _elapsed_ms(lambda: dynamodb.get_item(TableName="table", Key=KEY)) for _ in range(count)
        ]

    return measured


@pytest.mark.parametrize("mode", ["total", "extra"])
def test_a_delayed_operation_takes_at_least_its_modelled_time(
    get_times: Any, latency_file: Any, mode: str
) -> None:
    held = get_times(10, "--latency", latency_file(FIXED_40, mode))
    free = get_times(10, "--latency", "off")

    assert min(held) >= 40
    assert min(free) < 40


def test_an_undelayed_operation_does_not_wait(
    start: Any, make_table: Any, latency_file: Any
) -> None:
    slow = FIXED_40.replace("40.0", "2000.0")
    dynamodb = start("--latency", latency_file(slow)).client("dynamodb")
    make_table(dynamodb, "table")

    scans = [_elapsed_ms(lambda: dynamodb.scan(TableName="table")) for _ in range(3)]

    assert min(scans) < 2000


def _order(times: list[float]) -> list[int]:
    return sorted(range(len(times)), key=times.__getitem__)


def test_the_same_seed_gives_the_same_delays_and_another_seed_others(
    get_times: Any, latency_file: Any
) -> None:
    # With these seeds the three delays lie so far apart (82, 253 and 702 ms for seed 4) that
    # their order is the model's, whatever a busy host adds to each.
    model = latency_file(WIDE)

    first, again, other = (
        _order(get_times(3, "--latency", model, "--seed", seed)) for seed in ("4", "4", "7")
    )

    assert again == first
    assert other != first


def test_a_body_is_paced_at_the_modelled_bandwidth(start: Any, latency_file: Any) -> None:
    model = "[s3.operations]\nGetObject = { p50_ms = 30.0, p99_ms = 30.0, mb_per_s = 10.0 }\n"
    s3 = start("--latency", latency_file(model)).client("s3")
    s3.create_bucket(Bucket="records")
    s3.put_object(Bucket="records", Key="key", Body=bytes(2_000_000))

    def read() -> bytes:
        return bytes(s3.get_object(Bucket="records", Key="key")["Body"].read())

    took = _elapsed_ms(read)

    assert took >= 30 + 200


def test_the_model_is_on_by_default_and_named(start: Any) -> None:
    line = start().announced["latency_model"]

    assert line.startswith("built-in latency.toml of 20")
    assert line.endswith("mode total, seed 1")


def test_a_model_that_is_off_is_announced_as_none(plane: Any) -> None:
    assert plane.announced["latency_model"] is None


def test_a_model_of_one_median_delays_every_request_but_those_that_no_function_waits_for(
    start: Any, tmp_path: Path, make_table: Any
) -> None:
    file = tmp_path / "latency.toml"
    file.write_text(latency.model(40))
    plane = start("--latency", str(file))
    assert str(file) in plane.announced["latency_model"]
    dynamodb = plane.client("dynamodb")
    make_table(dynamodb, "table")
    times_ms = [
        _elapsed_ms(lambda: dynamodb.get_item(TableName="table", Key=KEY)) for _ in range(9)
    ]
    # Half of all draws are below 40 ms, and one in a billion below 6.
    assert min(times_ms) > 6
    assert plane.client("s3").list_buckets()["Buckets"] == []


FUNCTION, ANOTHER = "ASIAFUNCTION", "ASIAANOTHER"
CONNECTION = "connection = { p50_ms = 300.0, p99_ms = 300.0 }\n"


@pytest.mark.parametrize("mode", ["total", "extra"])
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_the_first_request_of_a_functions_connection_takes_longer_and_no_other(
    start: Any, latency_file: Any, service: str, mode: str
) -> None:
    plane = start("--latency", latency_file(CONNECTION, mode))

    def modelled_ms_after_a_request(client: Any) -> float:
        # Neither has a time of its own in this model.
        client.list_buckets() if service == "s3" else client.list_tables()
        return float(plane.usage(FUNCTION)["modelled_ms"])

    client = plane.client(service, FUNCTION)
    first, second = (modelled_ms_after_a_request(client) for _ in range(2))
    third = modelled_ms_after_a_request(plane.client(service, FUNCTION))

    assert first >= 300
    assert second == first
    assert third >= first + 300


def test_a_connections_time_comes_before_the_operations_own(
    start: Any, make_table: Any, latency_file: Any
) -> None:
    plane = start("--latency", latency_file(CONNECTION + FIXED_40))
    make_table(plane.client("dynamodb"), "table")

    plane.client("dynamodb", FUNCTION).get_item(TableName="table", Key=KEY)

    assert plane.usage(FUNCTION)["modelled_ms"] >= 300 + 40


def test_each_function_pays_for_its_own_connection(start: Any, latency_file: Any) -> None:
    plane = start("--latency", latency_file(CONNECTION))

    for caller in (FUNCTION, ANOTHER):
        plane.client("s3", caller).list_buckets()

    assert min(plane.usage(caller)["modelled_ms"] for caller in (FUNCTION, ANOTHER)) >= 300


def test_a_connection_of_what_sets_up_and_verifies_takes_no_longer(
    start: Any, latency_file: Any
) -> None:
    plane = start("--latency", latency_file(CONNECTION))

    plane.client("dynamodb", "AKIAMEASURING").list_tables()

    assert plane.usage("AKIAMEASURING")["modelled_ms"] == 0


def test_the_built_in_model_has_connections(start: Any) -> None:
    plane = start()

    plane.client("s3", FUNCTION).list_buckets()

    assert plane.usage(FUNCTION)["modelled_ms"] > 0


def test_a_model_that_is_off_has_no_connections(plane: Any) -> None:
    plane.client("s3", FUNCTION).list_buckets()

    assert plane.usage(FUNCTION)["modelled_ms"] == 0


def test_a_model_of_one_median_has_no_connections(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "latency.toml"
    file.write_text(latency.model(1.0))
    plane = start("--latency", str(file))

    plane.client("dynamodb", FUNCTION).list_tables()

    assert plane.usage(FUNCTION)["modelled_ms"] == 0
