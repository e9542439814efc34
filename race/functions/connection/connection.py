"""The six routes. What takes long is begun by asynchronous invocation, and the answer is at once.

What API Gateway sends:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any

import audience
import boto3

BUCKET = os.environ["BUCKET"]
RUNNER = os.environ["RUNNER"]
VERIFIER = os.environ["VERIFIER"]
TOKEN_SHA256 = os.environ["TOKEN_SHA256"]
FORMATS = ("csv", "json")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_LEAST_MB, _MOST_MB = 128, 10_240

s3 = boto3.client("s3")
functions = boto3.client("lambda")
gateway = boto3.client("apigatewaymanagementapi", config=audience.PROMPT)

Message = dict[str, Any]


class RefusedError(Exception):
    """What a page asked for is not done; the message says why."""


def handler(event: Any, _context: Any) -> dict[str, int]:
    """Serve one event of the WebSocket API; the answer is for API Gateway alone."""
    asked = event["requestContext"]
    route, connection = asked["routeKey"], asked["connectionId"]
    if route == "$connect":
        records = "recorder" in (event.get("queryStringParameters") or {})
        audience.join(s3, BUCKET, connection, records=records)
    elif route == "$disconnect":
        audience.leave(s3, BUCKET, connection)
    else:
        audience.Audience(gateway, [connection]).tell(_answer(route, connection, event))
    return {"statusCode": 200}


def _answer(route: str, connection: str, event: Message) -> Message:
    try:
        _ROUTES.get(route, _unknown)(connection, _message(event.get("body")))
    except RefusedError as refusal:
        return {"type": "refused", "action": route, "reason": str(refusal)}
    return {"type": "accepted", "action": route}


def _message(body: str | None) -> Message:
    try:
        message = json.loads(body or "")
    except (ValueError, RecursionError):
        raise RefusedError("the message is not JSON") from None
    if not isinstance(message, dict):
        raise RefusedError("the message is not an object")
    return message


def _unknown(_connection: str, _: Message) -> None:
    raise RefusedError(f"the actions are: {', '.join(_ROUTES)}")


def _warm_up(connection: str, message: Message) -> None:
    _admit(message)
    _begin(RUNNER, {"do": "warmup", "connection": connection, "memory_mb": _memory_mb(message)})


def _run(connection: str, message: Message) -> None:
    _admit(message)
    form, cold = message.get("format"), message.get("cold", False)
    if form not in FORMATS:
        raise RefusedError(f"format is one of: {', '.join(FORMATS)}")
    if not isinstance(cold, bool):
        raise RefusedError("cold is true or false")
    about = {"format": form, "memory_mb": _memory_mb(message), "cold": cold}
    _begin(RUNNER, {"do": "run", "connection": connection} | about)


def _admit(message: Message) -> None:
    token = message.get("token")
    # Only the token's hash is here, so reading the function's configuration does not tell it.
    told = hashlib.sha256(token.encode(errors="replace")) if isinstance(token, str) else None
    if told is None or not hmac.compare_digest(told.hexdigest(), TOKEN_SHA256):
        raise RefusedError("this needs the token that was printed on deployment")


def _memory_mb(message: Message) -> int:
    memory_mb = message.get("memory_mb")
    # A bool is an int to Python.
    if type(memory_mb) is not int or not _LEAST_MB <= memory_mb <= _MOST_MB:
        raise RefusedError(f"memory_mb is a whole number from {_LEAST_MB} to {_MOST_MB}")
    return memory_mb


def _verify(connection: str, _: Message) -> None:
    _begin(VERIFIER, {"connection": connection})


def _begin(function: str, event: Message) -> None:
    functions.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
    )


_ROUTES: dict[str, Callable[[str, Message], None]] = {
    "warmup": _warm_up,
    "run": _run,
    "verify": _verify,
}
