"""DynamoDB's items as its JSON has them, past boto3's own parser.

boto3 walks every attribute of every item through its model of the API, at about ten times the
cost of the request; equality needs the typed JSON as it came. Binary values stay base64 text.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from lambdameter.targets.base import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_OK = 200


def decode_fast(client: DynamoDBClient) -> None:
    """From now on, this client's Scan and GetItem give items as the JSON has them."""
    client.meta.events.register("before-parse.dynamodb.Scan", _take_items)
    client.meta.events.register("before-parse.dynamodb.GetItem", _take_items)


def with_bytes(item: Item) -> Item:
    """An item or a key in typed JSON, as boto3 takes it: it encodes binary values itself."""
    return {name: _with_bytes(typed) for name, typed in item.items()}


def _with_bytes(typed: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = typed.items()
    match kind:
        case "B" if isinstance(content, str):
            content = base64.b64decode(content)
        case "BS":
            content = [_with_bytes({"B": element})["B"] for element in content]
        case "L":
            content = [_with_bytes(element) for element in content]
        case "M":
            content = with_bytes(content)
    return {kind: content}


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
