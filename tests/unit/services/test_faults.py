"""Injected faults as boto3 sees them: raw, with its own retries off, and with them on."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ResponseStreamingError,
)

TABLE = "table"
FUNCTION, MEASURER = "ASIAFUNCTION", "AKIAMEASURER"
OBJECT = bytes(range(256)) * 8_000
FIXED_40 = "default = { p50_ms = 40.0, p99_ms = 40.0 }\n"


class Faulty:
    """A data plane with faults and a table."""

    def __init__(self, plane: Any, make_table: Callable[[Any, str], None]) -> None:
        self.plane = plane
        self.setup = plane.client("dynamodb", MEASURER)
        make_table(self.setup, TABLE)

    def client(self, service: str, attempts: int = 1) -> Any:
        return self.plane.client(service, FUNCTION, attempts=attempts)

    def s3(self) -> Any:
        """A function's client, and an object for it."""
        setup = self.plane.client("s3", MEASURER)
        setup.create_bucket(Bucket="records")
        setup.put_object(Bucket="records", Key="key", Body=OBJECT)
        return self.client("s3")

    def ids(self) -> set[str]:
        return {item["id"]["S"] for item in self.items()}

    def items(self) -> list[dict[str, Any]]:
        pages = self.setup.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


@pytest.fixture
def faulty(start: Any, make_table: Any) -> Callable[..., Faulty]:
    def started(faults: str, *flags: str) -> Faulty:
        latency = () if "--latency" in flags else ("--latency", "off")
        return Faulty(start("--faults", faults, *latency, *flags), make_table)

    return started


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore retries at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))


def batch(*ids: str) -> dict[str, Any]:
    return {"RequestItems": {TABLE: [{"PutRequest": {"Item": {"id": {"S": one}}}} for one in ids]}}


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        call()
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_unprocessed_items_come_back_and_are_not_written(faulty: Any) -> None:
    here = faulty("unprocessed=1")
    ids = {f"R{number}" for number in range(25)}

    left = here.client("dynamodb").batch_write_item(**batch(*ids))["UnprocessedItems"][TABLE]

    returned = {one["PutRequest"]["Item"]["id"]["S"] for one in left}
    assert 0 < len(returned) < 25
    assert len(left) == len(returned)
    assert here.ids() == ids - returned


def test_an_answer_with_unprocessed_items_has_the_checksum_of_its_body(faulty: Any) -> None:
    dynamodb = faulty("unprocessed=1").client("dynamodb")
    answers: list[dict[str, Any]] = []
    dynamodb.meta.events.register(
        "response-received.dynamodb",
        lambda response_dict, **_: answers.append(response_dict),
    )

    dynamodb.batch_write_item(**batch("a", "b", "c"))

    (answer,) = answers
    assert int(answer["headers"]["x-amz-crc32"]) == zlib.crc32(answer["body"])


def test_a_batch_of_which_nothing_is_processed_is_throttled(faulty: Any) -> None:
    here = faulty("unprocessed=1")

    assert refusal(lambda: here.client("dynamodb").batch_write_item(**batch("a"))) == (
        400,
        "ThrottlingException",
    )
    assert here.ids() == set()


def test_a_throttled_request_is_not_executed(faulty: Any) -> None:
    here = faulty("throttle=1")
    dynamodb = here.client("dynamodb")

    for number in range(10):
        put = {"TableName": TABLE, "Item": {"id": {"S": str(number)}}}
        assert refusal(functools.partial(dynamodb.put_item, **put)) == (400, "ThrottlingException")

    assert here.ids() == set()


def test_s3_throttles_with_slow_down(faulty: Any) -> None:
    s3 = faulty("throttle=1").s3()

    assert refusal(lambda: s3.get_object(Bucket="records", Key="key")) == (503, "SlowDown")


def test_a_server_error_may_come_after_the_write_was_done(faulty: Any) -> None:
    here = faulty("5xx=1")
    dynamodb = here.client("dynamodb")

    for number in range(40):
        put = {"TableName": TABLE, "Item": {"id": {"S": str(number)}}}
        assert refusal(functools.partial(dynamodb.put_item, **put)) == (500, "InternalServerError")

    assert 8 < len(here.ids()) < 32


def test_s3_breaks_with_an_internal_error(faulty: Any) -> None:
    s3 = faulty("5xx=1").s3()

    assert refusal(lambda: s3.get_object(Bucket="records", Key="key")) == (500, "InternalError")


def test_a_cut_connection_answers_nothing_whether_the_write_was_done_or_not(faulty: Any) -> None:
    here = faulty("cut=1")
    dynamodb = here.client("dynamodb")

    for number in range(40):
        with pytest.raises(ConnectionClosedError):
            dynamodb.put_item(TableName=TABLE, Item={"id": {"S": str(number)}})

    assert 8 < len(here.ids()) < 32


def read_in_part(s3: Any) -> int | None:
    """How many bytes of the object arrived; None: not even an answer."""
    try:
        body = s3.get_object(Bucket="records", Key="key")["Body"]
    except ConnectionClosedError:
        return None
    arrived = b""
    try:
        while chunk := body.read(10_000):
            arrived += chunk
    except (ResponseStreamingError, IncompleteReadError):
        assert arrived == OBJECT[: len(arrived)]
        return len(arrived)
    pytest.fail("the whole object arrived")


def test_a_cut_object_breaks_off_in_its_midst_or_does_not_come_at_all(faulty: Any) -> None:
    s3 = faulty("cut=1").s3()

    read = [read_in_part(s3) for _ in range(30)]

    assert 5 < read.count(None) < 25
    assert len({length for length in read if length is not None}) > 3


def test_a_long_term_key_is_never_faulted(faulty: Any) -> None:
    here = faulty("throttle=0.5,5xx=0.5")

    for number in range(20):
        here.setup.put_item(TableName=TABLE, Item={"id": {"S": str(number)}})

    assert len(here.ids()) == 20
    assert here.plane.usage(MEASURER)["faults"] == {}


def outcomes(here: Faulty) -> list[str]:
    dynamodb = here.client("dynamodb")
    told = []
    for _ in range(40):
        try:
            left = dynamodb.batch_write_item(**batch(*"abcdefgh"))["UnprocessedItems"]
            told.append(str(left))
        except ClientError as error:
            told.append(error.response["Error"]["Code"])
        except ConnectionClosedError:
            told.append("cut")
    return told


EACH = "unprocessed=0.3,throttle=0.2,5xx=0.1,cut=0.1"


def test_the_same_seed_gives_the_same_faults_and_another_seed_others(faulty: Any) -> None:
    first, again, other = (outcomes(faulty(EACH, "--seed", seed)) for seed in ("4", "4", "5"))

    assert again == first
    assert other != first


def test_the_latency_model_does_not_change_the_faults(faulty: Any, latency_file: Any) -> None:
    model = latency_file("[dynamodb]\nundelayed = ['DescribeTable']\n" + FIXED_40)

    assert outcomes(faulty(EACH, "--latency", model)) == outcomes(faulty(EACH))


def test_a_fault_takes_its_modelled_time_too(faulty: Any, latency_file: Any) -> None:
    model = latency_file("[dynamodb.operations]\nPutItem = { p50_ms = 40.0, p99_ms = 40.0 }\n")
    here = faulty("throttle=1", "--latency", model)

    refusal(lambda: here.client("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": "a"}}))

    assert here.plane.usage(FUNCTION)["modelled_ms"] >= 40


@pytest.mark.usefixtures("no_backoff")
def test_faults_are_counted_by_kind_and_the_retries_that_they_cause(faulty: Any) -> None:
    here = faulty("throttle=1")
    with pytest.raises(ClientError):
        here.client("dynamodb", attempts=3).put_item(TableName=TABLE, Item={"id": {"S": "a"}})

    used = here.plane.usage(FUNCTION)

    assert used["faults"] == {"dynamodb.PutItem.throttle": 3}
    assert used["requests"] == {"dynamodb.PutItem": 3}
    assert used["retries"] == 2


@pytest.mark.usefixtures("no_backoff")
def test_after_a_batch_writer_every_key_stands_once_with_its_last_value(faulty: Any) -> None:
    here = faulty("unprocessed=0.3,throttle=0.2,5xx=0.1,cut=0.1")
    announced = here.plane.announced
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=announced["dynamodb"],
        verify=announced["ca_bundle"],
        region_name="eu-west-1",
        aws_access_key_id=FUNCTION,
        aws_secret_access_key="any",
        config=Config(retries={"mode": "standard", "total_max_attempts": 30}),
    )
    here.plane.stack.callback(resource.meta.client.close)
    items = [{"id": f"R{number * 7 % 1_500}", "order": number} for number in range(2_000)]

    with resource.Table(TABLE).batch_writer(overwrite_by_pkeys=["id"]) as writer:
        for item in items:
            writer.put_item(Item=item)

    last = {item["id"]: item["order"] for item in items}
    assert sorted((item["id"]["S"], int(item["order"]["N"])) for item in here.items()) == sorted(
        last.items()
    )
    used = here.plane.usage(FUNCTION)
    assert set(used["faults"]) == {
        f"dynamodb.BatchWriteItem.{kind}" for kind in ("unprocessed", "throttle", "5xx", "cut")
    }
    assert used["retries"] > 0


def test_what_is_injected_is_announced(faulty: Any, plane: Any) -> None:
    assert faulty("cut=0.25, throttle=0.1").plane.announced["faults"] == (
        "throttle=0.1, cut=0.25, seed 1"
    )
    assert plane.announced["faults"] is None
