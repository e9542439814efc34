"""Five items written by BatchWriteItem and read by BatchGetItem; the client built in INIT."""

from __future__ import annotations

import json
import logging
import platform
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ITEMS = 5
SORT_KEY = "light"
DAY_S = 86_400
# The largest integer that both variants take.
MOST = 2**63 - 1

logger = logging.getLogger()
logger.setLevel(logging.INFO)
dynamodb: DynamoDBClient = boto3.client("dynamodb")


class InvalidEvent(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """A field of the event is missing or wrong."""


class TableNotFound(Exception):  # noqa: N818
    """There is no such table."""


class ServiceError(Exception):
    """The service refused, gave no answer, or left something out."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Write, read, compare; event and answer are described in the workload's README."""
    table, timestamp = _read_event(event)
    start = {
        "event": "handler_start",
        "workloadType": "light",
        "architecture": platform.machine(),
        "requestId": context.aws_request_id,
    }
    logger.info(json.dumps(start))
    items = [_item(timestamp, number) for number in range(ITEMS)]
    write_request_id = _write(table, items)
    read_request_id, read = _read(table, [{"pk": one["pk"], "sk": one["sk"]} for one in items])
    data = {one["pk"]["S"]: one["data"]["S"] for one in read}
    answer = {
        "itemsWritten": len(items),
        "itemsRead": len(read),
        "writeRequestId": write_request_id,
        "readRequestId": read_request_id,
        # In no particular order: BatchGetItem promises none.
        "allDataMatches": all(data.get(one["pk"]["S"]) == one["data"]["S"] for one in items),
    }
    logger.info(json.dumps({"event": "handler_success", **answer}))
    return {
        "success": True,
        "workloadType": "light",
        "architecture": platform.machine(),
        "memoryLimitMB": int(context.memory_limit_in_mb),
        **answer,
    }


def _read_event(event: Any) -> tuple[str, int]:
    fields = event if isinstance(event, dict) else {}
    table, timestamp = fields.get("table"), fields.get("timestamp")
    if not isinstance(table, str) or not table:
        raise InvalidEvent("table must be named")
    if type(timestamp) is not int or not 0 <= timestamp <= MOST - ITEMS:
        raise InvalidEvent("timestamp must be milliseconds since 1970")
    return table, timestamp


def _item(timestamp: int, number: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"test-{timestamp}-{number}"},
        "sk": {"S": SORT_KEY},
        "timestamp": {"N": str(timestamp + number)},
        "ttl": {"N": str(timestamp // 1_000 + DAY_S)},
        "workload": {"S": "light"},
        "runtime": {"S": "any"},
        "architecture": {"S": "any"},
        "data": {"S": f"benchmark test data - any runtime, any - item {number}"},
    }


def _write(table: str, items: list[dict[str, Any]]) -> str:
    requests: list[Any] = [{"PutRequest": {"Item": item}} for item in items]
    try:
        answer = dynamodb.batch_write_item(RequestItems={table: requests})
    except (ClientError, BotoCoreError) as error:
        raise _failure("BatchWriteItem", table, error) from error
    left = answer.get("UnprocessedItems", {}).get(table, [])
    if left:
        raise ServiceError(f"DynamoDB BatchWriteItem: {len(left)} items were not processed")
    return answer["ResponseMetadata"].get("RequestId", "unknown")


def _read(table: str, keys: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    try:
        answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})
    except (ClientError, BotoCoreError) as error:
        raise _failure("BatchGetItem", table, error) from error
    items = answer.get("Responses", {}).get(table, [])
    if len(items) != len(keys):
        raise ServiceError(f"DynamoDB BatchGetItem: {len(items)} of {len(keys)} items came back")
    return answer["ResponseMetadata"].get("RequestId", "unknown"), items


def _failure(operation: str, table: str, error: ClientError | BotoCoreError) -> Exception:
    if not isinstance(error, ClientError):
        return ServiceError(f"DynamoDB {operation}: no answer")
    code = error.response["Error"]["Code"]
    if code == "ResourceNotFoundException":
        return TableNotFound(f"{code}: {table}")
    return ServiceError(f"DynamoDB {operation}: {code}")
