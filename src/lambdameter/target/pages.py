"""DynamoDB's items as its JSON has them, past boto3's own parser.

boto3 walks every attribute of every item through its model of the API, at about ten times the
cost of the request; equality needs the typed JSON as it came. Binary values stay base64 text.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from lambdameter.target.base import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_OK = 200


def decode_fast(client: DynamoDBClient) -> None:
    """From now on, this client's Scan and GetItem give items as the JSON has them."""
    client.meta.events.register("before-parse.dynamodb.Scan", _take_items)
    client.meta.events.register("before-parse.dynamodb.GetItem", _take_items)


def with_bytes(key: Item) -> Item:
    """A key in typed JSON, as boto3 takes it: it encodes binary values itself."""
    return {
        name: {"B": base64.b64decode(typed["B"])} if isinstance(typed.get("B"), str) else typed
        for name, typed in key.items()
    }


def _take_items(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    if response_dict["status_code"] != _OK:
        return
    document = msgspec.json.decode(response_dict["body"])
    for field in ("Items", "Item"):
        if field in document:
            customized_response_dict[field] = document.pop(field)
    response_dict["body"] = msgspec.json.encode(document)
