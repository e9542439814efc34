"""Warms the racers up, or holds a race: both at once, in random order, on empty tables."""

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

import audience
import boto3
import races
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvocationResponseTypeDef

BUCKET = os.environ["BUCKET"]
FUNCTIONS = {lane: os.environ[f"RACER_{lane.upper()}"] for lane in races.LANES}
TABLES = {lane: os.environ[f"TABLE_{lane.upper()}"] for lane in races.LANES}
KEY = os.environ["TABLE_KEY"]
OBJECTS = {"csv": os.environ["OBJECT_CSV"], "json": os.environ["OBJECT_JSON"]}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_BATCH = 25
# Of each table: everybody waits for it.
_AT_ONCE = 8
_MARKER = "LAMBDAMETER_ENVIRONMENT"
# boto3's own read timeout of 60 s would give a slow racer up, and its retries race again.
_PATIENT = Config(read_timeout=910, retries={"total_max_attempts": 1}, tcp_keepalive=True)
_REFUSALS = (BotoCoreError, ClientError)

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb", config=Config(max_pool_connections=2 * _AT_ONCE))
functions = boto3.client("lambda")
invoking = boto3.client("lambda", config=_PATIENT)
gateway = boto3.client("apigatewaymanagementapi", config=audience.PROMPT)

Message = dict[str, Any]


def handler(event: Any, _context: Any) -> None:
    """Do what the connection handler asks, if nobody is at it already.

    It never fails: a race that Lambda held again would be one that nobody asked for.
    """
    race, warming = uuid.uuid4().hex, event["do"] == "warmup"
    try:
        races.begin(s3, BUCKET, race, time.time(), warming=warming)
        told = audience.present(s3, BUCKET, event["connection"])
    except Exception as error:  # noqa: BLE001 - whatever it was, whoever asked is told
        if not isinstance(error, races.BusyError):
            for lane in races.LANES:
                _keep(race, _failed(race, lane, _refusal(error)))
        asked = audience.Audience(gateway, [event["connection"]])
        asked.tell({"type": "refused", "action": event["do"], "reason": str(error)})
        return
    if warming:
        _each(races.LANES, lambda lane: _warm_up(told, race, lane, event["memory_mb"]))
    else:
        _run(told, {"race": race} | {name: event[name] for name in ("format", "memory_mb", "cold")})


def _run(told: list[str], about: Message) -> None:
    asker, *_ = told
    everybody = audience.Audience(gateway, told)
    everybody.tell(_message("clearing", about))

    def prepare(lane: str) -> None:
        _clear(lane)
        _configure(lane, about["memory_mb"], cold=about["cold"])

    try:
        for gone in everybody.gone:
            audience.leave(s3, BUCKET, gone)
        _each(races.LANES, prepare)
        # Clearing takes its time, and pages come meanwhile.
        there = audience.present(s3, BUCKET, asker)
    except Exception as error:  # noqa: BLE001 - whatever it was, the lanes are over
        for lane in races.LANES:
            _end(everybody, about["race"], _failed(about["race"], lane, _refusal(error)))
        return
    everybody = audience.Audience(gateway, [one for one in there if one not in everybody.gone])
    order = random.sample(races.LANES, len(races.LANES))
    everybody.tell(_message("started", about | {"order": order}))
    _each(order, lambda lane: _race(asker, everybody.connections, about, lane))


def _race(asker: str, connections: list[str], about: Message, lane: str) -> None:
    """Ask a racer to race, and tell these connections of it."""
    task = {
        "bucket": BUCKET,
        "key": OBJECTS[about["format"]],
        "table": TABLES[lane],
        "format": about["format"],
    }
    where = {"race": about["race"], "lane": lane}
    told = audience.Audience(gateway, connections)
    try:
        answer, payload = _invoke(lane, where | {"connections": connections, "task": task})
    except ClientError as error:
        _end(told, about["race"], _failed(**where, why=_refusal(error)))
    except Exception as error:  # noqa: BLE001 - as above
        # Nobody knows whether the racer runs: the turn lasts for as long as it could write.
        told.tell(_failed(**where, why=_refusal(error)))
    else:
        _tell_of_it(asker, connections, where, answer, payload)


def _tell_of_it(
    asker: str,
    connections: list[str],
    where: dict[str, str],
    answer: InvocationResponseTypeDef,
    payload: bytes,
) -> None:
    """What Lambda says of a racer; whoever came meanwhile has not heard what it came to itself."""
    there, outcome, why = connections, None, _death(answer, payload)
    try:
        there = audience.present(s3, BUCKET, asker)
        outcome = races.result(s3, BUCKET, **where)
    except Exception as error:  # noqa: BLE001 - as above
        why = _refusal(error)
    told = audience.Audience(gateway, there)
    if outcome is None:
        _end(told, where["race"], _failed(**where, why=why))
    else:
        late = [one for one in there if one not in connections]
        audience.Audience(gateway, late).tell(outcome)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    ours = {name: value for name, value in headers.items() if name.startswith("x-lambdameter-")}
    told.tell(_message("report", where | {"report": _report(answer), "headers": ours}))


def _warm_up(told: list[str], race: str, lane: str, memory_mb: int) -> None:
    """Invoke a racer without a task; its REPORT line tells whether that was a cold start."""
    came: Message = {"report": None, "error": None}
    try:
        _configure(lane, memory_mb, cold=False)
        answer, payload = _invoke(lane, {})
        came["report"] = _report(answer)
        if "FunctionError" in answer:
            came["error"] = _death(answer, payload)["errorType"]
    except Exception as error:  # noqa: BLE001 - whatever it was, this lane is warm no more
        came["error"] = _refusal(error)["errorType"]
    message = _message("warmed", {"lane": lane, "memory_mb": memory_mb} | came)
    _end(audience.Audience(gateway, told), race, message)


def _configure(lane: str, memory_mb: int, *, cold: bool) -> None:
    """Give a racer its memory; new environments where it had another, or `cold` asks for them."""
    name = FUNCTIONS[lane]
    known = functions.get_function_configuration(FunctionName=name)
    if known["MemorySize"] == memory_mb and not cold:
        return
    variables = known["Environment"]["Variables"] | {_MARKER: uuid.uuid4().hex}
    functions.update_function_configuration(
        FunctionName=name, MemorySize=memory_mb, Environment={"Variables": variables}
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def _invoke(lane: str, event: Message) -> tuple[InvocationResponseTypeDef, bytes]:
    answer = invoking.invoke(
        FunctionName=FUNCTIONS[lane], LogType="Tail", Payload=json.dumps(event).encode()
    )
    return answer, answer["Payload"].read()


def _report(answer: InvocationResponseTypeDef) -> str | None:
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    return next((line for line in log.splitlines() if line.startswith("REPORT")), None)


def _clear(lane: str) -> None:
    """Delete every item, so that what an earlier race left cannot pass for this one's."""
    keys = dynamodb.get_paginator("scan").paginate(
        TableName=TABLES[lane],
        ProjectionExpression="#key",
        ExpressionAttributeNames={"#key": KEY},
        ConsistentRead=True,
    )

    def delete(requests: list[Any]) -> None:
        pending: Any = {TABLES[lane]: requests}
        while pending:
            pending = dynamodb.batch_write_item(RequestItems=pending)["UnprocessedItems"]

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for page in keys:
            requests = [{"DeleteRequest": {"Key": key}} for key in page["Items"]]
            starts = range(0, len(requests), _BATCH)
            list(threads.map(delete, (requests[start : start + _BATCH] for start in starts)))


def _each(lanes: Sequence[str], do: Callable[[str], None]) -> None:
    """Do it for each lane at once, beginning with the first."""
    with ThreadPoolExecutor(len(lanes)) as threads:
        list(threads.map(do, lanes))


def _end(told: audience.Audience, race: str, message: Message) -> None:
    """Keep what a lane came to, and tell it."""
    _keep(race, message)
    told.tell(message)


def _keep(race: str, message: Message) -> None:
    try:
        races.end(s3, BUCKET, race, message)
    except _REFUSALS as error:
        # Everybody is told all the same; the turn is over when its time is.
        print(json.dumps({"not_kept": message, "why": str(error)}))


def _failed(race: str, lane: str, why: Message) -> Message:
    return _message("failed", {"race": race, "lane": lane, "error": why})


def _refusal(error: Exception) -> Message:
    kind = type(error).__name__
    if isinstance(error, ClientError):
        kind = error.response["Error"]["Code"]
    return {"errorType": kind, "errorMessage": str(error)}


def _death(answer: InvocationResponseTypeDef, payload: bytes) -> Message:
    """Why a racer ended without having told what it came to: a timeout, no memory left.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    try:
        said = json.loads(payload)
    except ValueError:
        said = None
    told = said if isinstance(said, dict) else {}
    why = {name: str(told[name]) for name in ("errorType", "errorMessage") if name in told}
    return {"errorType": answer.get("FunctionError", "NoOutcome")} | why


def _message(kind: str, content: Message) -> Message:
    return {"type": kind, "at_ms": audience.now_ms()} | content
