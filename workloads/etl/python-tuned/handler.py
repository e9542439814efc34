"""Load event registrations from an object in S3 into a DynamoDB table, as a stream.

Reading, parsing and writing go on at once: the main thread reads and parses, others write.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import document
import lanes
import record
import retry
import source
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Part(TypedDict, total=False):
        """Which part of the object, and of which version."""

        Range: str
        IfMatch: str


# Parameters are checked here, not by botocore, which would walk every attribute of every item.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=lanes.LANES,
    parameter_validation=False,
)
_KEY = record.FIELDS[0]
_THROTTLES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}

s3 = boto3.client("s3", config=_CONFIG)
dynamodb = boto3.client("dynamodb", config=_CONFIG)


def _set_body_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context["body"] = params["Body"]
    return {"RequestItems": {}}


def _send_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context["body"]


# BatchWriteItem(Body=...) takes the request's JSON ready made, at half of the cost; the rest of the
# client (signing, retries, errors) works on it as on its own.
dynamodb.meta.events.register(
    "provide-client-params.dynamodb.BatchWriteItem",
    _set_body_aside,  # type: ignore[arg-type]  # the stubs know no hook that gives parameters back
)
dynamodb.meta.events.register("before-call.dynamodb.BatchWriteItem", _send_body)


class InvalidEvent(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """A field of the event is missing or wrong."""


class ObjectNotFound(Exception):  # noqa: N818 - as above
    """There is no such bucket, or no such key in it."""


class TableNotFound(Exception):  # noqa: N818 - as above
    """There is no such table."""


class ServiceError(Exception):
    """A service refused, or gave no answer."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Load; the event and the answer are described in the workload's README."""
    started = time.perf_counter()
    _check(event)
    try:
        return _load(event, context, started)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "NoSuchBucket"):
            raise ObjectNotFound(f"{code}: s3://{event['bucket']}/{event['key']}") from error
        raise ServiceError(f"S3 GetObject: {code}") from error
    except BotoCoreError as error:
        raise ServiceError("S3 GetObject: no answer") from error


def _load(event: dict[str, Any], context: Any, started: float) -> dict[str, Any]:
    def get(**part: Unpack[Part]) -> dict[str, Any]:
        return dict(s3.get_object(Bucket=event["bucket"], Key=event["key"], **part))

    body = source.Source(get)
    opened_s = body.waited_s
    reader = document.Reader(body, event["format"])
    writers = lanes.Lanes(
        _put_into(event["table"]),
        lanes.Pace(context.get_remaining_time_in_millis),
        _log_progress if event.get("progress") else None,
    )
    begun = time.perf_counter()
    try:
        # To the end even where writing fails: a bad document is the better answer.
        for key, request in reader.requests():
            writers.push(key, request)
            if writers.is_hopeless():
                break
        waited_s = body.waited_s - opened_s + writers.blocked_s
        parsing_s = time.perf_counter() - begun - waited_s
    finally:
        writers.close()
    if writers.failure is not None:
        raise writers.failure
    ended = time.perf_counter()
    return {
        "records": reader.records,
        "written": reader.records - reader.invalid["count"],
        "invalid": reader.invalid,
        "retried_items": writers.retried,
        "total_ms": _ms(ended - started),
        "phases": {
            "s3_ms": _ms(body.waited_s),
            "parse_ms": _ms(parsing_s),
            "write_ms": _ms(ended - begun),
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


def _put_into(table: str) -> lanes.Put:
    """One BatchWriteItem into a table, as the lanes want it."""
    head = f'{{"RequestItems":{{{json.dumps(table)}:['.encode()

    def put(items: dict[str, bytes]) -> list[str]:
        body = head + b",".join(items.values()) + b"]}}"
        try:
            answer = retry.persist(
                lambda: dynamodb.batch_write_item(Body=body)  # type: ignore[call-arg]  # as above
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _THROTTLES:  # thrown where not even one item could be processed
                return list(items)
            if code == "ResourceNotFoundException":
                raise TableNotFound(f"{code}: {table}") from error
            raise ServiceError(f"DynamoDB BatchWriteItem: {code}") from error
        except BotoCoreError as error:
            raise ServiceError("DynamoDB BatchWriteItem: no answer") from error
        unprocessed = answer.get("UnprocessedItems", {}).get(table, [])
        return [one["PutRequest"]["Item"][_KEY]["S"] for one in unprocessed]

    return put


def _log_progress(done: int) -> None:
    print(json.dumps({"progress": done}), flush=True)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
