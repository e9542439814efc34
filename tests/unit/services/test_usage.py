"""What the admin endpoint says of each caller."""

from __future__ import annotations

import json
import threading
from typing import Any

GET_300 = "[dynamodb.operations]\nGetItem = { p50_ms = 300.0, p99_ms = 300.0 }\n"
KEY = {"id": {"S": "absent"}}
ZEROS = {"requests": {}, "retries": 0, "faults": {}, "modelled_ms": 0}


def test_requests_are_counted_by_access_key_and_operation(plane: Any, make_table: Any) -> None:
    one, two = plane.client("dynamodb", "AKIDONE"), plane.client("dynamodb", "AKIDTWO")
    make_table(one, "table")
    for _ in range(3):
        two.get_item(TableName="table", Key=KEY)
    plane.client("s3", "AKIDTWO").list_buckets()

    assert plane.usage("AKIDONE")["requests"] == {
        "dynamodb.CreateTable": 1,
        "dynamodb.DescribeTable": 1,
    }
    assert plane.usage("AKIDTWO")["requests"] == {"dynamodb.GetItem": 3, "s3.ListBuckets": 1}


def test_without_a_model_no_time_is_modelled(plane: Any, make_table: Any) -> None:
    make_table(plane.client("dynamodb"), "table")

    assert plane.usage("AKIDTEST")["modelled_ms"] == 0


def test_an_unknown_key_has_zeros(plane: Any) -> None:
    assert plane.usage("AKIDNEVER") == ZEROS


def test_a_forgotten_key_has_zeros(plane: Any) -> None:
    plane.client("s3").list_buckets()
    plane.admin("/usage/AKIDTEST", method="DELETE")

    assert plane.usage("AKIDTEST") == ZEROS


def test_calls_one_after_another_add_up(start: Any, make_table: Any, latency_file: Any) -> None:
    plane = start("--latency", latency_file(GET_300))
    dynamodb = plane.client("dynamodb")
    make_table(dynamodb, "table")
    for _ in range(2):
        dynamodb.get_item(TableName="table", Key=KEY)

    assert plane.usage("AKIDTEST")["modelled_ms"] >= 600


def test_calls_at_the_same_time_count_once(start: Any, make_table: Any, latency_file: Any) -> None:
    plane = start("--latency", latency_file(GET_300))
    make_table(plane.client("dynamodb"), "table")
    barrier = threading.Barrier(2)

    def call(dynamodb: Any) -> None:
        barrier.wait()
        dynamodb.get_item(TableName="table", Key=KEY)

    callers = [threading.Thread(target=call, args=(plane.client("dynamodb"),)) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert 300 <= plane.usage("AKIDTEST")["modelled_ms"] < 600


def test_the_pace_of_a_body_is_modelled_time(start: Any, latency_file: Any) -> None:
    model = "[s3.operations]\nGetObject = { p50_ms = 30.0, p99_ms = 30.0, mb_per_s = 10.0 }\n"
    plane = start("--latency", latency_file(model))
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="records")
    s3.put_object(Bucket="records", Key="key", Body=bytes(2_000_000))
    s3.get_object(Bucket="records", Key="key")["Body"].read()

    assert plane.usage("AKIDTEST")["modelled_ms"] >= 30 + 200


def test_health_answers(plane: Any) -> None:
    assert plane.admin("/health") == b""


def test_the_answer_is_json_with_both_fields(plane: Any) -> None:
    assert json.loads(plane.admin("/usage/AKIDTEST")) == ZEROS
