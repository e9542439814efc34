"""The tuned Python handler: fakes of S3, and DynamoDB's real client with nothing behind it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, EndpointConnectionError

EVENT = {"bucket": "b", "key": "k", "table": "t", "format": "csv"}
Answer = tuple[int, dict[str, Any]]


class FakeS3:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_object(self, **request: str) -> dict[str, Any]:
        if request["Bucket"] != "b":
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "GetObject")
        if request["Key"] not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"ETag": "v1", "Body": io.BytesIO(self._objects[request["Key"]])}


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.getvalue()


class FakeDynamoDB:
    """One table, `t`, behind botocore's client; `answers` may refuse or leave items out."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.requests: list[AWSPreparedRequest] = []
        self.answers: Callable[[list[Any]], Answer] = lambda _puts: (200, {})

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.requests.append(request)
        assert isinstance(request.body, bytes)
        [(table, puts)] = json.loads(request.body)["RequestItems"].items()
        status, answer = (
            self.answers(puts) if table == "t" else refusal("ResourceNotFoundException")
        )
        left = answer.get("UnprocessedItems", {}).get("t", [])
        for put in puts if status == 200 else []:
            if put not in left:
                item = put["PutRequest"]["Item"]
                self.items[item["registration_id"]["S"]] = item
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return AWSResponse(request.url, status, headers, Raw(json.dumps(answer).encode()))


def refusal(code: str, status: int = 400) -> Answer:
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(scope="session")
def objects(etl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("objects")
    parameters = {"records": 2_100, "concerts": 3, "broken_records": 21, "seed": 5}
    argv = [sys.executable, str(etl / "generate.py"), "--out", str(out)]
    subprocess.run([*argv, "--parameters", json.dumps(parameters)], check=True)
    return out


@pytest.fixture
def dynamodb(
    python_tuned: SimpleNamespace, objects: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeDynamoDB]:
    """What stands behind the handler's client; behind its S3 stand the generated objects."""
    stored = {path.suffix[1:]: path.read_bytes() for path in objects.glob("registrations.*")}
    stored |= {"k": stored["csv"], "bad": stored["csv"] + b"\xff"}
    monkeypatch.setattr(python_tuned.handler, "s3", FakeS3(stored))
    monkeypatch.setattr(
        python_tuned.lanes.retry, "time", SimpleNamespace(sleep=lambda _seconds: None)
    )
    pace = python_tuned.lanes.Pace
    monkeypatch.setattr(
        python_tuned.lanes, "Pace", lambda remaining: pace(remaining, lambda _seconds: None)
    )
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    fake = FakeDynamoDB()
    events = python_tuned.handler.dynamodb.meta.events
    events.register("before-send.dynamodb.BatchWriteItem", fake.send)
    yield fake
    events.unregister("before-send.dynamodb.BatchWriteItem", fake.send)


def call(tuned: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    return dict(tuned.handler.handler(EVENT | changes, Context()))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_the_generator_expects_is_answered_and_written(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB, objects: Path, form: str
) -> None:
    response = call(python_tuned, key=form, format=form)
    expected = json.loads((objects / "expected.json").read_text(encoding="utf-8"))["response"]
    assert {field: response[field] for field in expected} == expected
    lines = (objects / "expected.ndjson").read_text(encoding="utf-8").splitlines()
    wanted = {item["registration_id"]["S"]: item for item in map(json.loads, lines)}
    assert dynamodb.items == wanted


def test_the_body_that_was_made_is_the_body_that_is_signed_and_sent(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    call(python_tuned)
    assert len(dynamodb.requests) >= 2_079 / 25
    for request in dynamodb.requests:
        assert isinstance(request.body, bytes)
        assert request.headers["X-Amz-Target"] == b"DynamoDB_20120810.BatchWriteItem"
        assert request.headers["Content-Length"] == str(len(request.body))
        signed = cast("bytes", request.headers["Authorization"])  # the stubs have it as text
        assert signed.startswith(b"AWS4-HMAC-SHA256 Credential=AKID/")


def test_no_phase_is_longer_than_the_total(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    response = call(python_tuned)
    assert dynamodb.items
    assert list(response["phases"]) == ["s3_ms", "parse_ms", "write_ms"]
    assert all(0 < phase <= response["total_ms"] for phase in response["phases"].values())


def test_progress_is_logged_only_where_the_event_asks_for_it(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB, capsys: pytest.CaptureFixture[str]
) -> None:
    call(python_tuned)
    assert capsys.readouterr().out == ""
    call(python_tuned, progress="log")
    assert capsys.readouterr().out == '{"progress": 1000}\n{"progress": 2000}\n'
    assert len(dynamodb.items) == 2_079


def test_items_that_were_left_out_are_sent_again_and_counted(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    seen: set[str] = set()

    def leaves_what_is_new(puts: list[Any]) -> Answer:
        new = [put for put in puts if json.dumps(put) not in seen][:3]
        seen.update(map(json.dumps, new))
        return 200, {"UnprocessedItems": {"t": new}} if new else {}

    dynamodb.answers = leaves_what_is_new
    response = call(python_tuned)
    assert len(dynamodb.items) == response["written"] == 2_079
    assert response["retried_items"] == len(seen)


def test_a_throttled_batch_counts_as_unprocessed(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    left = iter([refusal("ProvisionedThroughputExceededException")] * 3)
    dynamodb.answers = lambda _puts: next(left, (200, {}))
    response = call(python_tuned)
    assert len(dynamodb.items) == 2_079
    # The SDK makes three attempts, which may fall to one batch or to three.
    assert response["retried_items"] in (0, 25)


@pytest.mark.parametrize(
    ("changes", "failure", "message"),
    [
        ({"bucket": None}, "InvalidEvent", "event.bucket must be a non-empty string"),
        ({"key": ""}, "InvalidEvent", "event.key must be a non-empty string"),
        ({"table": 7}, "InvalidEvent", "event.table must be a non-empty string"),
        ({"format": "xml"}, "InvalidEvent", 'event.format must be "csv" or "json"'),
        ({"progress": True}, "InvalidEvent", 'event.progress must be "log" where it is given'),
        ({"bucket": "other"}, "ObjectNotFound", "NoSuchBucket: s3://other/k"),
        ({"key": "other"}, "ObjectNotFound", "NoSuchKey: s3://b/other"),
        ({"table": "other"}, "TableNotFound", "ResourceNotFoundException: other"),
        ({"key": "bad"}, "InvalidDocument", "the object is not UTF-8"),
        # A bad document is the better answer.
        ({"key": "bad", "table": "other"}, "InvalidDocument", "the object is not UTF-8"),
    ],
)
def test_a_failure_has_a_type_and_a_message_of_ours(
    python_tuned: SimpleNamespace,
    dynamodb: FakeDynamoDB,
    changes: dict[str, Any],
    failure: str,
    message: str,
) -> None:
    expected = getattr(python_tuned.handler, failure, python_tuned.document.InvalidDocument)
    with pytest.raises(expected) as raised:
        call(python_tuned, **changes)
    assert (type(raised.value).__name__, str(raised.value)) == (failure, message)
    assert bool(dynamodb.requests) == (failure in ("TableNotFound", "InvalidDocument"))


def test_an_event_that_is_no_object_is_refused(python_tuned: SimpleNamespace) -> None:
    with pytest.raises(python_tuned.handler.InvalidEvent, match="must be an object"):
        python_tuned.handler.handler([], Context())


def test_another_refusal_is_named_by_its_code(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    dynamodb.answers = lambda _puts: refusal("AccessDeniedException")
    with pytest.raises(python_tuned.handler.ServiceError) as raised:
        call(python_tuned)
    assert str(raised.value) == "DynamoDB BatchWriteItem: AccessDeniedException"


def test_a_service_that_gives_no_answer_is_asked_again_and_then_named(
    python_tuned: SimpleNamespace, dynamodb: FakeDynamoDB
) -> None:
    def fail(_puts: list[Any]) -> Answer:
        raise EndpointConnectionError(endpoint_url="x")

    dynamodb.answers = fail
    with pytest.raises(python_tuned.handler.ServiceError) as raised:
        call(python_tuned)
    assert str(raised.value) == "DynamoDB BatchWriteItem: no answer"
    assert len(dynamodb.requests) >= python_tuned.retry.TRIES * 3
