"""Claim C2, tuned: what can be done once is done in INIT, where the CPU is not throttled.

There the connection is opened, and with it whatever the client makes at its first call. Of botocore
alone, since boto3 adds nothing here but modules to load; without its check of every parameter.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PARTITION = "bench"
READ = "item-00"
PUT = "put-00"
DATA_BYTES = 1_000
# The most that one BatchWriteItem takes:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25

Item = dict[str, Any]
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    parameter_validation=False,
    tcp_keepalive=True,
)
dynamodb = cast(
    "DynamoDBClient", botocore.session.get_session().create_client("dynamodb", config=_CONFIG)
)
# Whatever is answered, a refusal included, came over the connection that calls will use.
with contextlib.suppress(BotoCoreError, ClientError):
    dynamodb.list_tables(Limit=1)


class NotAnHttpEvent(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The event is none of a Function URL's."""


class InvalidEvent(Exception):  # noqa: N818
    """The query is missing something, or has it wrong."""


class TableNotFound(Exception):  # noqa: N818
    """There is no such table."""


class ItemNotFound(Exception):  # noqa: N818
    """There is no item under the key that is read."""


class ServiceError(Exception):
    """The service refused, or gave no answer."""


def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Do what the query asks for; event and answer are described in the workload's README."""
    operation, table = _query(event)
    name, call = _OPERATIONS[operation]
    started = time.perf_counter()
    try:
        items = call(table)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            raise TableNotFound(f"{code}: {table}") from error
        raise ServiceError(f"DynamoDB {name}: {code}") from error
    except BotoCoreError as error:
        raise ServiceError(f"DynamoDB {name}: no answer") from error
    sdk_call_ms = (time.perf_counter() - started) * 1_000
    body = {
        "operation": operation,
        "items": len(items),
        "data_bytes": sum(len(item["data"]["S"]) for item in items),
        "sdk_call_ms": round(sdk_call_ms, 3),
    }
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }


def _query(event: Any) -> tuple[str, str]:
    """Operation and table. What lambda_http refuses is refused here too."""
    here = event
    for name in ("requestContext", "http", "method"):
        here = here.get(name) if isinstance(here, dict) else None
    if not isinstance(here, str):
        raise NotAnHttpEvent("the event has no requestContext.http.method")
    query = event.get("queryStringParameters") or {}
    operation, table = query.get("operation"), query.get("table")
    if operation not in _OPERATIONS:
        raise InvalidEvent("operation must be get, put, query or batch")
    if not table:
        raise InvalidEvent("table must be named")
    return operation, table


def _get(table: str) -> list[Item]:
    answer = dynamodb.get_item(TableName=table, Key=_key(READ))
    if "Item" not in answer:
        raise ItemNotFound(f"{PARTITION}/{READ} in {table}")
    return [answer["Item"]]


def _put(table: str) -> list[Item]:
    dynamodb.put_item(TableName=table, Item=_TO_PUT)
    return [_TO_PUT]


def _query_items(table: str) -> list[Item]:
    answer = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": PARTITION}},
        Limit=BATCH,
    )
    return answer["Items"]


def _batch(table: str) -> list[Item]:
    answer = dynamodb.batch_write_item(RequestItems={table: _REQUESTS})
    left = answer.get("UnprocessedItems", {}).get(table, [])
    if left:
        raise ServiceError(f"DynamoDB BatchWriteItem: {len(left)} items were not processed")
    return _BATCH_ITEMS


def _key(sort: str) -> Item:
    return {"pk": {"S": PARTITION}, "sk": {"S": sort}}


def _item(sort: str) -> Item:
    return {**_key(sort), "data": {"S": "x" * DATA_BYTES}}


_TO_PUT = _item(PUT)
_BATCH_ITEMS = [_item(f"batch-{i:02}") for i in range(BATCH)]
_REQUESTS: list[Any] = [{"PutRequest": {"Item": item}} for item in _BATCH_ITEMS]
_OPERATIONS: dict[str, tuple[str, Callable[[str], list[Item]]]] = {
    "get": ("GetItem", _get),
    "put": ("PutItem", _put),
    "query": ("Query", _query_items),
    "batch": ("BatchWriteItem", _batch),
}
