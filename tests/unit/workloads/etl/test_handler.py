"""The Python handler against fakes of S3's and DynamoDB's clients."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ResponseStreamingError

EVENT = {"bucket": "b", "key": "k", "table": "t", "format": "csv"}
Request = dict[str, Any]


class BrokenBody:
    def read(self) -> bytes:
        raise ResponseStreamingError(error="the connection was cut")


class FakeS3:
    """`breaks`: of how many answers the body breaks off first."""

    def __init__(self, objects: dict[str, bytes], breaks: int = 0) -> None:
        self._objects = objects
        self._breaks = breaks

    def get_object(self, **request: str) -> dict[str, Any]:
        if request["Bucket"] != "b":
            raise refusal("NoSuchBucket")
        if request["Key"] not in self._objects:
            raise refusal("NoSuchKey")
        if self._breaks:
            self._breaks -= 1
            return {"Body": BrokenBody()}
        return {"Body": io.BytesIO(self._objects[request["Key"]])}


class FakeDynamoDB:
    """One table, `t`; `answers` is asked before each request and may raise, or leave items out."""

    def __init__(self, leaves: Callable[[list[Request]], list[Request]] | None = None) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self._leaves = leaves or (lambda _requests: [])

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        [(table, requests)] = request["RequestItems"].items()
        if table != "t":
            raise refusal("ResourceNotFoundException")
        unprocessed = self._leaves(requests)
        for put in requests:
            if put not in unprocessed:
                item = put["PutRequest"]["Item"]
                self.items[item["registration_id"]] = item
        return {"UnprocessedItems": {table: unprocessed} if unprocessed else {}}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Operation")


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Function:
    """The handler with its clients replaced."""

    def __init__(self, module: Any, dynamodb: FakeDynamoDB) -> None:
        self._module = module
        self.dynamodb = dynamodb
        self.failures = vars(module)

    def __call__(self, **changes: Any) -> dict[str, Any]:
        return dict(self._module.handler(EVENT | changes, Context()))


@pytest.fixture(scope="session")
def objects(etl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("objects")
    parameters = {"records": 2_100, "concerts": 3, "broken_records": 21, "seed": 5}
    argv = [sys.executable, str(etl / "generate.py"), "--out", str(out)]
    subprocess.run([*argv, "--parameters", json.dumps(parameters)], check=True)
    return out


@pytest.fixture
def function(
    python_variant: SimpleNamespace, objects: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Function]:
    stored = {path.suffix[1:]: path.read_bytes() for path in objects.glob("registrations.*")}
    stored["k"] = stored["csv"]

    def make(dynamodb: FakeDynamoDB | None = None, breaks: int = 0) -> Function:
        made = dynamodb or FakeDynamoDB()
        monkeypatch.setattr(python_variant.handler, "s3", FakeS3(stored, breaks))
        monkeypatch.setattr(python_variant.handler, "dynamodb", made)
        return Function(python_variant.handler, made)

    return make


@pytest.fixture
def no_sleep(python_variant: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = python_variant.batch.Pace

    def hasty(remaining_ms: Callable[[], int]) -> Any:
        return pace(remaining_ms, lambda _seconds: None)

    monkeypatch.setattr(python_variant.batch, "Pace", hasty)
    impatient = SimpleNamespace(sleep=lambda _seconds: None)
    monkeypatch.setattr(python_variant.retry, "time", impatient)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_the_generator_expects_is_answered_and_written(
    function: Callable[..., Function], objects: Path, form: str
) -> None:
    call = function()
    response = call(key=form, format=form)
    expected = json.loads((objects / "expected.json").read_text(encoding="utf-8"))["response"]
    assert {field: response[field] for field in expected} == expected
    lines = (objects / "expected.ndjson").read_text(encoding="utf-8").splitlines()
    wanted = {}
    for item in map(json.loads, lines):
        plain = {field: value.get("S") for field, value in item.items()}
        wanted[plain["registration_id"]] = plain | {
            "amount_paid": Decimal(item["amount_paid"]["N"])
        }
    assert call.dynamodb.items == wanted


def test_the_phases_are_parts_of_the_total(function: Callable[..., Function]) -> None:
    response = function()()
    assert list(response["phases"]) == ["s3_ms", "parse_ms", "write_ms"]
    assert sum(response["phases"].values()) == pytest.approx(response["total_ms"], abs=0.002)


def test_progress_is_logged_only_where_the_event_asks_for_it(
    function: Callable[..., Function], capsys: pytest.CaptureFixture[str]
) -> None:
    function()()
    assert capsys.readouterr().out == ""
    function()(progress="log")
    assert capsys.readouterr().out == '{"progress": 1000}\n{"progress": 2000}\n'


@pytest.mark.usefixtures("no_sleep")
def test_items_that_were_left_out_are_sent_again_and_counted(
    function: Callable[..., Function],
) -> None:
    rounds = iter(range(10_000))
    call = function(FakeDynamoDB(lambda requests: [] if next(rounds) % 2 else requests[:3]))
    response = call()
    assert len(call.dynamodb.items) == response["written"] == 2_079
    assert response["retried_items"] == 3 * -(-2_079 // 25)


@pytest.mark.usefixtures("no_sleep")
def test_a_throttled_batch_counts_as_unprocessed(function: Callable[..., Function]) -> None:
    rounds = iter(range(10_000))

    def throttled_once(_requests: list[Request]) -> list[Request]:
        if next(rounds) == 0:
            raise refusal("ProvisionedThroughputExceededException")
        return []

    assert function(FakeDynamoDB(throttled_once))()["retried_items"] == 25


@pytest.mark.parametrize(
    ("changes", "failure", "message"),
    [
        ({"bucket": None}, "InvalidEvent", "event.bucket must be a non-empty string"),
        ({"key": ""}, "InvalidEvent", "event.key must be a non-empty string"),
        ({"table": 7}, "InvalidEvent", "event.table must be a non-empty string"),
        ({"format": "xml"}, "InvalidEvent", 'event.format must be "csv" or "json"'),
        ({"format": []}, "InvalidEvent", 'event.format must be "csv" or "json"'),
        ({"progress": True}, "InvalidEvent", 'event.progress must be "log" where it is given'),
        ({"bucket": "other"}, "ObjectNotFound", "NoSuchBucket: s3://other/k"),
        ({"key": "other"}, "ObjectNotFound", "NoSuchKey: s3://b/other"),
        ({"table": "other"}, "TableNotFound", "ResourceNotFoundException: other"),
    ],
)
def test_a_failure_has_a_type_and_a_message_of_ours(
    function: Callable[..., Function], changes: dict[str, Any], failure: str, message: str
) -> None:
    call = function()
    with pytest.raises(call.failures[failure]) as raised:
        call(**changes)
    assert (type(raised.value).__name__, str(raised.value)) == (failure, message)


def test_an_event_that_is_no_object_is_refused(python_variant: SimpleNamespace) -> None:
    with pytest.raises(python_variant.handler.InvalidEvent, match="must be an object"):
        python_variant.handler.handler([], Context())


@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refusal("AccessDeniedException"), "DynamoDB BatchWriteItem: AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="x"), "DynamoDB BatchWriteItem: no answer"),
    ],
)
def test_another_error_of_a_service_is_named_by_its_code(
    function: Callable[..., Function], error: Exception, message: str
) -> None:
    def fail(_requests: list[Request]) -> list[Request]:
        raise error

    call = function(FakeDynamoDB(fail))
    with pytest.raises(call.failures["ServiceError"]) as raised:
        call()
    assert str(raised.value) == message


@pytest.mark.usefixtures("no_sleep")
def test_an_object_that_breaks_off_is_read_anew(function: Callable[..., Function]) -> None:
    assert function(breaks=3)()["records"] == 2_100


@pytest.mark.usefixtures("no_sleep")
def test_an_object_that_breaks_off_every_time_is_an_error(
    function: Callable[..., Function],
) -> None:
    call = function(breaks=4)
    with pytest.raises(call.failures["ServiceError"], match="S3 GetObject: no answer"):
        call()


@pytest.mark.usefixtures("no_sleep")
def test_a_batch_that_may_or_may_not_be_written_is_put_again(
    function: Callable[..., Function],
) -> None:
    rounds = iter(range(10_000))

    def broken_twice(_requests: list[Request]) -> list[Request]:
        if next(rounds) < 2:
            raise EndpointConnectionError(endpoint_url="x")
        return []

    call = function(FakeDynamoDB(broken_twice))
    assert call()["retried_items"] == 0
    assert len(call.dynamodb.items) == 2_079
