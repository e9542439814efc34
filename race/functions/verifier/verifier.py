"""Compares both tables, record by record, with the expected records."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import broadcast
import content
import race_state

BUCKET = os.environ["BUCKET"]
TABLES = {lane: os.environ[f"TABLE_{lane.upper()}"] for lane in race_state.LANES}
KEY = os.environ["TABLE_KEY"]
EXPECTED = os.environ["OBJECT_EXPECTED"]

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")
gateway = boto3.client("apigatewaymanagementapi", config=broadcast.CONFIG)

Message = dict[str, Any]


def handler(event: Any, _context: Any) -> None:
    """Verify the race that ran last, and send the verdict to all pages.

    It never raises an error: Lambda would read both tables again.
    """
    connections = [event["connection"]]
    try:
        answer = _answer()
        if answer["type"] == "verified":
            connections = broadcast.connections(s3, BUCKET, event["connection"])
    except Exception as error:  # noqa: BLE001 - the requester sees any error
        answer = _refused(str(error))
    broadcast.Broadcast(gateway, connections).send(answer)


def _answer() -> Message:
    turn = race_state.current(s3, BUCKET)
    if turn is None or turn["last"] is None:
        return _refused("no race has run yet")
    if not (turn["warming"] or race_state.is_over(s3, BUCKET, turn, time.time())):
        return _refused("a race is running")
    race = turn["last"]
    known = race_state.verdict(s3, BUCKET, race)
    if known is not None:
        return known
    verdict = _verdict(race)
    turn = race_state.current(s3, BUCKET)
    if turn is None or turn["last"] != race:
        return _refused("another race started meanwhile")
    race_state.save_verdict(s3, BUCKET, verdict)
    return verdict


def _refused(reason: str) -> Message:
    return {"type": "refused", "action": "verify", "reason": reason}


def _verdict(race: str) -> Message:
    with ThreadPoolExecutor() as threads:
        expected, *tables = threads.map(
            lambda items: content.read(items, KEY),
            [_expected(), *(_items(TABLES[lane]) for lane in race_state.LANES)],
        )
    lanes = {
        lane: _summary(table) | content.compare(expected, table)
        for lane, table in zip(race_state.LANES, tables, strict=True)
    }
    return {
        "type": "verified",
        "race": race,
        "at_ms": broadcast.now_ms(),
        # This line is only reached once every record of both tables was read and compared.
        "identical": all(table == expected for table in tables),
        "expected": _summary(expected),
        "lanes": lanes,
    }


def _summary(table: dict[bytes, bytes]) -> Message:
    return {"count": len(table), "digest": content.digest(table)}


def _items(table: str) -> Iterator[content.Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _expected() -> Iterator[content.Item]:
    for line in s3.get_object(Bucket=BUCKET, Key=EXPECTED)["Body"].iter_lines():
        yield json.loads(line)
