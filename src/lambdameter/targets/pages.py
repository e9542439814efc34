"""DynamoDB's items in its own typed JSON, without boto3's slow parser.

boto3 checks every attribute of every item against its model of the API, which takes about ten times
as long as the request. Equality needs only the typed JSON; binary values stay base64 text.
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
    """From now on, this client's Scan and GetItem return items in typed JSON."""
    client.meta.events.register("before-parse.dynamodb.Scan", _take_items)
    client.meta.events.register("before-parse.dynamodb.GetItem", _take_items)


def with_bytes(item: Item) -> Item:
    """An item or a key in typed JSON with decoded binary values, which boto3 encodes itself."""
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
