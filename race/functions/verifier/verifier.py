"""Compares both tables in full, with each other and with what the generator says must be there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import audience
import boto3
import content
import races

BUCKET = os.environ["BUCKET"]
TABLES = {lane: os.environ[f"TABLE_{lane.upper()}"] for lane in races.LANES}
KEY = os.environ["TABLE_KEY"]
EXPECTED = os.environ["OBJECT_EXPECTED"]

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")
gateway = boto3.client("apigatewaymanagementapi", config=audience.PROMPT)

Message = dict[str, Any]


def handler(event: Any, _context: Any) -> None:
    """Tell everybody whether the race that is over left what it should.

    It never fails: Lambda would read both tables again.
    """
    told = audience.Audience(gateway, [event["connection"]])
    try:
        answer = _answer()
        if answer["type"] == "verified":
            told = audience.Audience(gateway, audience.present(s3, BUCKET, event["connection"]))
    except Exception as error:  # noqa: BLE001 - whatever it was, whoever asked is told
        answer = _refused(str(error))
    told.tell(answer)


def _answer() -> Message:
    turn = races.current(s3, BUCKET)
    if turn is None or turn["last"] is None:
        return _refused("there was no race yet")
    if not (turn["warming"] or races.over(s3, BUCKET, turn, time.time())):
        return _refused("a race is on")
    race = turn["last"]
    known = races.verdict(s3, BUCKET, race)
    if known is not None:
        return known
    verdict = _verdict(race)
    now = races.current(s3, BUCKET)
    if now is None or now["last"] != race:
        return _refused("a race began meanwhile")
    races.judge(s3, BUCKET, verdict)
    return verdict


def _refused(reason: str) -> Message:
    return {"type": "refused", "action": "verify", "reason": reason}


def _verdict(race: str) -> Message:
    with ThreadPoolExecutor() as threads:
        expected, *tables = threads.map(
            lambda items: content.read(items, KEY),
            [_expected(), *(_items(TABLES[lane]) for lane in races.LANES)],
        )
    lanes = {
        lane: _about(table) | content.compare(expected, table)
        for lane, table in zip(races.LANES, tables, strict=True)
    }
    return {
        "type": "verified",
        "race": race,
        "at_ms": audience.now_ms(),
        # Every record of both tables was read and compared, or this line is not reached.
        "identical": all(table == expected for table in tables),
        "expected": _about(expected),
        "lanes": lanes,
    }


def _about(table: dict[bytes, bytes]) -> Message:
    return {"count": len(table), "digest": content.digest(table)}


def _items(table: str) -> Iterator[content.Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _expected() -> Iterator[content.Item]:
    for line in s3.get_object(Bucket=BUCKET, Key=EXPECTED)["Body"].iter_lines():
        yield json.loads(line)
