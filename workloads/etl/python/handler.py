"""Load event registrations from an object in S3 into a DynamoDB table."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

import batch
import boto3
import document
import retry
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY = "registration_id"
# The Rust SDK's own rule, so that both variants ask a service equally often.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3})
_THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}

s3 = boto3.client("s3", config=_CONFIG)
# The resource's client takes Python's own types, Decimal included, as Table.batch_writer does.
dynamodb = boto3.resource("dynamodb", config=_CONFIG).meta.client


class Listener(Protocol):
    """Whoever follows a load while it goes on."""

    def phase(self, name: str) -> None:
        """One of `download`, `parse` and `write` begins."""

    def records(self, done: int) -> None:
        """So many records are written; told after each thousand."""


class InvalidEvent(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """A field of the event is missing or wrong."""


class ObjectNotFound(Exception):  # noqa: N818 - as above
    """There is no such bucket, or no such key in it."""


class TableNotFound(Exception):  # noqa: N818 - as above
    """There is no such table."""


class ServiceError(Exception):
    """A service refused, or gave no answer."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Read, parse, write; the event and the answer are described in the workload's README."""
    _check(event)
    return load(event, context, _Log() if event.get("progress") else None)


def load(event: Any, context: Any, listener: Listener | None) -> dict[str, Any]:
    """As handler, of an event that was checked; what telling takes is inside the times."""
    started = time.perf_counter()
    _begin(listener, "download")
    body = _read_object(event["bucket"], event["key"])
    read = time.perf_counter()
    _begin(listener, "parse")
    records, items, invalid = document.parse(body, event["format"])
    del body
    parsed = time.perf_counter()
    _begin(listener, "write")
    retried = batch.write(
        items,
        KEY,
        _put_into(event["table"]),
        batch.Pace(context.get_remaining_time_in_millis),
        listener.records if listener else None,
    )
    written = time.perf_counter()
    return {
        "records": records,
        "written": len(items),
        "invalid": invalid,
        "retried_items": retried,
        "total_ms": _ms(written - started),
        "phases": {
            "s3_ms": _ms(read - started),
            "parse_ms": _ms(parsed - read),
            "write_ms": _ms(written - parsed),
        },
    }


def _check(event: Any) -> None:
    if not isinstance(event, dict):
        raise InvalidEvent("the event must be an object")
    for field in ("bucket", "key", "table"):
        value = event.get(field)
        if not isinstance(value, str) or not value:
            raise InvalidEvent(f"event.{field} must be a non-empty string")
    if event.get("format") not in ("csv", "json"):
        raise InvalidEvent('event.format must be "csv" or "json"')
    if event.get("progress") not in (None, "log"):
        raise InvalidEvent('event.progress must be "log" where it is given')


def _read_object(bucket: str, key: str) -> bytes:
    def read() -> bytes:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    try:
        return retry.persist(read)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "NoSuchBucket"):
            raise ObjectNotFound(f"{code}: s3://{bucket}/{key}") from error
        raise ServiceError(f"S3 GetObject: {code}") from error
    except BotoCoreError as error:
        raise ServiceError("S3 GetObject: no answer") from error


def _put_into(table: str) -> Callable[[list[batch.Item]], list[batch.Item]]:
    """One BatchWriteItem into a table, as batch.write wants it."""

    def put(items: list[batch.Item]) -> list[batch.Item]:
        requests: list[Any] = [{"PutRequest": {"Item": item}} for item in items]
        try:
            answer = retry.persist(
                lambda: dynamodb.batch_write_item(RequestItems={table: requests})
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _THROTTLES:  # thrown where not even one item could be processed
                return items
            if code == "ResourceNotFoundException":
                raise TableNotFound(f"{code}: {table}") from error
            raise ServiceError(f"DynamoDB BatchWriteItem: {code}") from error
        except BotoCoreError as error:
            raise ServiceError("DynamoDB BatchWriteItem: no answer") from error
        unprocessed = answer.get("UnprocessedItems", {}).get(table, [])
        return [request["PutRequest"]["Item"] for request in unprocessed]

    return put


def _begin(listener: Listener | None, phase: str) -> None:
    if listener is not None:
        listener.phase(phase)


class _Log:
    """What the event's `progress` asks for."""

    def phase(self, name: str) -> None:
        pass

    def records(self, done: int) -> None:
        print(json.dumps({"progress": done}), flush=True)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
