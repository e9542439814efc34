"""Warms the racers up, or starts a race: both at once, in random order, on empty tables."""

from __future__ import annotations

import base64
import json
import os
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import audience
import boto3
import races
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = os.environ["BUCKET"]
FUNCTIONS = {lane: os.environ[f"RACER_{lane.upper()}"] for lane in races.LANES}
TABLES = {lane: os.environ[f"TABLE_{lane.upper()}"] for lane in races.LANES}
KEY = os.environ["TABLE_KEY"]
OBJECTS = {"csv": os.environ["OBJECT_CSV"], "json": os.environ["OBJECT_JSON"]}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_BATCH = 25

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")
functions = boto3.client("lambda")
gateway = boto3.client("apigatewaymanagementapi", config=audience.PROMPT)

Message = dict[str, Any]


def handler(event: Any, _context: Any) -> None:
    """Do what the connection handler asks, or take note of a racer that died.

    A racer that ended without an answer (a timeout, no memory left) comes as the record of an
    on-failure destination:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    if "requestPayload" in event:
        died = event["requestPayload"]
        told = audience.Audience(gateway, died["connections"])
        _fail(told, died["race"], died["lane"], _error_type(event))
        return
    told = audience.Audience(gateway, audience.present(s3, BUCKET, event["connection"]))
    if event["do"] == "warmup":
        _each_lane(lambda lane: told.tell(_warmed(lane)))
    else:
        _run(told, event)


def _run(told: audience.Audience, event: Message) -> None:
    race = uuid.uuid4().hex
    try:
        about = {"race": race, "format": event["format"]}
        races.begin(s3, BUCKET, about, time.time())
    except races.BusyError:
        asked = audience.Audience(gateway, [event["connection"]])
        asked.tell({"type": "refused", "action": "run", "reason": "a race is on"})
        return
    order = random.sample(races.LANES, len(races.LANES))
    told.tell({"type": "clearing", "race": race})
    waiting = list(order)
    try:
        _each_lane(_clear)
        told.tell({"type": "started", "race": race, "format": event["format"], "order": order})
        for lane in order:
            _start(race, lane, event["format"], told.connections)
            waiting.remove(lane)
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"race": race, "not_started": waiting, "why": str(error)}))
        for lane in waiting:
            _fail(told, race, lane, type(error).__name__)


def _start(race: str, lane: str, form: str, connections: list[str]) -> None:
    task = {"bucket": BUCKET, "key": OBJECTS[form], "table": TABLES[lane], "format": form}
    event = {"race": race, "lane": lane, "connections": connections, "task": task}
    functions.invoke(
        FunctionName=FUNCTIONS[lane], InvocationType="Event", Payload=json.dumps(event).encode()
    )


def _warmed(lane: str) -> Message:
    """Invoke a racer without a task; its REPORT line tells whether that was a cold start."""
    answer = functions.invoke(FunctionName=FUNCTIONS[lane], LogType="Tail", Payload=b"{}")
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    report = next((line for line in log.splitlines() if line.startswith("REPORT")), None)
    failed = answer.get("FunctionError")
    return {"type": "warmed", "lane": lane, "report": report, "error": failed}


def _clear(lane: str) -> None:
    """Delete every item, so that what an earlier race left cannot pass for this one's."""
    keys = dynamodb.get_paginator("scan").paginate(
        TableName=TABLES[lane],
        ProjectionExpression="#key",
        ExpressionAttributeNames={"#key": KEY},
        ConsistentRead=True,
    )
    for page in keys:
        requests = [{"DeleteRequest": {"Key": key}} for key in page["Items"]]
        for start in range(0, len(requests), _BATCH):
            pending: Any = {TABLES[lane]: requests[start : start + _BATCH]}
            while pending:
                pending = dynamodb.batch_write_item(RequestItems=pending)["UnprocessedItems"]


def _each_lane(do: Any) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(do, races.LANES))


def _fail(told: audience.Audience, race: str, lane: str, why: str) -> None:
    message = {"type": "failed", "race": race, "lane": lane, "error": {"errorType": why}}
    races.end(s3, BUCKET, message)
    told.tell(message)


def _error_type(record: Message) -> str:
    answer = record.get("responsePayload")
    kind = answer.get("errorType") if isinstance(answer, dict) else None
    return str(kind or record["requestContext"]["condition"])
