"""Runs a race: both racers at once, in random order, on empty tables; or warms the racers up."""

from __future__ import annotations

import base64
import json
import os
import random
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import broadcast
import race_state
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvocationResponseTypeDef

BUCKET = os.environ["BUCKET"]
FUNCTIONS = {lane: os.environ[f"RACER_{lane.upper()}"] for lane in race_state.LANES}
TABLES = {lane: os.environ[f"TABLE_{lane.upper()}"] for lane in race_state.LANES}
KEY = os.environ["TABLE_KEY"]
OBJECTS = {"csv": os.environ["OBJECT_CSV"], "json": os.environ["OBJECT_JSON"]}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_BATCH = 25
# Concurrent deletions of each table: everybody waits for them.
_DELETE_THREADS = 8
# Any change of a variable makes Lambda replace all execution environments.
_MARKER = "LAMBDAMETER_ENVIRONMENT"
# boto3's read timeout of 60 s would give up a slow racer, and its retries would run it again.
_INVOKE_CONFIG = Config(read_timeout=910, retries={"total_max_attempts": 1}, tcp_keepalive=True)

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb", config=Config(max_pool_connections=2 * _DELETE_THREADS))
functions = boto3.client("lambda")
invoking = boto3.client("lambda", config=_INVOKE_CONFIG)
gateway = boto3.client("apigatewaymanagementapi", config=broadcast.CONFIG)

Message = dict[str, Any]


def handler(event: Any, _context: Any) -> None:
    """Run a race or a warm-up, unless another one is running.

    It never raises an error: Lambda would run the race again.
    """
    race, warming = uuid.uuid4().hex, event["do"] == "warmup"
    try:
        race_state.start(s3, BUCKET, race, time.time(), warming=warming)
        connections = broadcast.connections(s3, BUCKET, event["connection"])
    except Exception as error:  # noqa: BLE001 - the requester sees any error
        if not isinstance(error, race_state.BusyError):
            for lane in race_state.LANES:
                _save(race, _failed(race, lane, _lambda_error(error)))
        refusal = {"type": "refused", "action": event["do"], "reason": str(error)}
        _pages([event["connection"]]).send(refusal)
        return
    if warming:
        _each(race_state.LANES, lambda lane: _warm_up(connections, race, lane, event["memory_mb"]))
    else:
        parameters = {name: event[name] for name in ("format", "memory_mb", "cold")}
        _run(connections, {"race": race} | parameters)


def _run(connections: list[str], parameters: Message) -> None:
    requester, *_ = connections
    race = parameters["race"]
    pages = _pages(connections)
    pages.send(_message("clearing", parameters))

    def prepare(lane: str) -> None:
        _clear(lane)
        _configure(lane, parameters["memory_mb"], cold=parameters["cold"])

    try:
        for gone in pages.gone:
            broadcast.remove_connection(s3, BUCKET, gone)
        _each(race_state.LANES, prepare)
        # Pages may have connected while the tables were cleared.
        connected = broadcast.connections(s3, BUCKET, requester)
    except Exception as error:  # noqa: BLE001 - any error ends the race
        for lane in race_state.LANES:
            _end(pages, race, _failed(race, lane, _lambda_error(error)))
        return
    pages = _pages([id_ for id_ in connected if id_ not in pages.gone])
    order = random.sample(race_state.LANES, len(race_state.LANES))
    pages.send(_message("started", parameters | {"order": order}))
    _each(order, lambda lane: _race(requester, pages.connections, parameters, lane))


def _race(requester: str, connections: list[str], parameters: Message, lane: str) -> None:
    """Invoke a racer, which sends its messages to these connections."""
    names = {"race": parameters["race"], "lane": lane}
    task = {
        "bucket": BUCKET,
        "key": OBJECTS[parameters["format"]],
        "table": TABLES[lane],
        "format": parameters["format"],
    }
    pages = _pages(connections)
    try:
        answer, payload = _invoke(lane, names | {"connections": connections, "task": task})
    except ClientError as error:
        _end(pages, names["race"], _failed(**names, error=_lambda_error(error)))
    except Exception as error:  # noqa: BLE001 - the page shows any error
        # The racer may be running, so no result is saved: the turn lasts as long as it may write.
        pages.send(_failed(**names, error=_lambda_error(error)))
    else:
        _report(requester, connections, names, answer, payload)


def _report(
    requester: str,
    connections: list[str],
    names: dict[str, str],
    answer: InvocationResponseTypeDef,
    payload: bytes,
) -> None:
    """Send what Lambda says about a racer; to pages that connected meanwhile also its result."""
    connected, result, error = connections, None, _cause_of_death(answer, payload)
    try:
        connected = broadcast.connections(s3, BUCKET, requester)
        result = race_state.result(s3, BUCKET, **names)
    except Exception as failure:  # noqa: BLE001 - the page shows any error
        error = _lambda_error(failure)
    pages = _pages(connected)
    if result is None:
        _end(pages, names["race"], _failed(**names, error=error))
    else:
        _pages([id_ for id_ in connected if id_ not in connections]).send(result)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    ours = {name: value for name, value in headers.items() if name.startswith("x-lambdameter-")}
    pages.send(_message("report", names | {"report": _report_line(answer), "headers": ours}))


def _warm_up(connections: list[str], race: str, lane: str, memory_mb: int) -> None:
    """Invoke a racer without a task; its REPORT line tells whether that was a cold start."""
    line = error = None
    try:
        _configure(lane, memory_mb, cold=False)
        answer, payload = _invoke(lane, {})
        line = _report_line(answer)
        if "FunctionError" in answer:
            error = _cause_of_death(answer, payload)["errorType"]
    except Exception as failure:  # noqa: BLE001 - the page shows any error
        error = _lambda_error(failure)["errorType"]
    content = {"lane": lane, "memory_mb": memory_mb, "report": line, "error": error}
    _end(_pages(connections), race, _message("warmed", content))


def _configure(lane: str, memory_mb: int, *, cold: bool) -> None:
    """Set a racer's memory size; if it changes, or with `cold`, its environments are replaced."""
    name = FUNCTIONS[lane]
    configuration = functions.get_function_configuration(FunctionName=name)
    if configuration["MemorySize"] == memory_mb and not cold:
        return
    variables = configuration["Environment"]["Variables"] | {_MARKER: uuid.uuid4().hex}
    functions.update_function_configuration(
        FunctionName=name, MemorySize=memory_mb, Environment={"Variables": variables}
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def _invoke(lane: str, event: Message) -> tuple[InvocationResponseTypeDef, bytes]:
    answer = invoking.invoke(
        FunctionName=FUNCTIONS[lane], LogType="Tail", Payload=json.dumps(event).encode()
    )
    return answer, answer["Payload"].read()


def _report_line(answer: InvocationResponseTypeDef) -> str | None:
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    return next((line for line in log.splitlines() if line.startswith("REPORT")), None)


def _clear(lane: str) -> None:
    """Delete every item, so that the records of an earlier race cannot pass as this race's."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=TABLES[lane],
        ProjectionExpression="#key",
        ExpressionAttributeNames={"#key": KEY},
        ConsistentRead=True,
    )

    def delete(requests: list[Any]) -> None:
        pending: Any = {TABLES[lane]: requests}
        while pending:
            pending = dynamodb.batch_write_item(RequestItems=pending)["UnprocessedItems"]

    with ThreadPoolExecutor(_DELETE_THREADS) as threads:
        for page in pages:
            requests = [{"DeleteRequest": {"Key": key}} for key in page["Items"]]
            starts = range(0, len(requests), _BATCH)
            list(threads.map(delete, (requests[start : start + _BATCH] for start in starts)))


def _each(lanes: Sequence[str], do: Callable[[str], None]) -> None:
    """Do something for all lanes at once, starting with the first."""
    with ThreadPoolExecutor(len(lanes)) as threads:
        list(threads.map(do, lanes))


def _pages(connections: Sequence[str]) -> broadcast.Broadcast:
    return broadcast.Broadcast(gateway, connections)


def _end(pages: broadcast.Broadcast, race: str, message: Message) -> None:
    """Save the result of a lane, and send it."""
    _save(race, message)
    pages.send(message)


def _save(race: str, message: Message) -> None:
    try:
        race_state.save_result(s3, BUCKET, race, message)
    except (BotoCoreError, ClientError) as error:
        # The message is sent all the same; without a result the turn ends when its time is over.
        print(json.dumps({"not_saved": message, "reason": str(error)}))


def _failed(race: str, lane: str, error: Message) -> Message:
    return _message("failed", {"race": race, "lane": lane, "error": error})


def _lambda_error(error: Exception) -> Message:
    kind = type(error).__name__
    if isinstance(error, ClientError):
        kind = error.response["Error"]["Code"]
    return {"errorType": kind, "errorMessage": str(error)}


def _cause_of_death(answer: InvocationResponseTypeDef, payload: bytes) -> Message:
    """Why a racer ended without a result: a timeout, or no memory left.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    try:
        error = json.loads(payload)
    except ValueError:
        error = None
    fields = error if isinstance(error, dict) else {}
    known = {name: str(fields[name]) for name in ("errorType", "errorMessage") if name in fields}
    return {"errorType": answer.get("FunctionError", "NoOutcome")} | known


def _message(kind: str, content: Message) -> Message:
    return {"type": kind, "at_ms": broadcast.now_ms()} | content
