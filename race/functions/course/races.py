"""Whose turn it is, what its racers answered, the verdict: objects below `races/` in the bucket.

A warm-up has a turn as a race has: it sets the racers' memory, too.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

CURRENT = "races/current.json"
LANES = ("python", "rust")
# The runner has 900 s, and a racer that it asked in the last of them 780; then nobody writes.
LONGEST_S = 1_800
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_RACING, _WARMING = "a race is on", "the racers are being warmed up"
_NONE = {"NoSuchKey", "404"}
_VERDICT = "verified"


class BusyError(Exception):
    """Two at once would write to the same tables; the message says what is on."""


def begin(s3: Any, bucket: str, race: str, now_s: float, *, warming: bool = False) -> None:
    """Give the turn to this race, or warm-up; BusyError where somebody has it.

    The write is conditional, so that of two that begin at once one is refused:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    before, etag = _read(s3, bucket, CURRENT)
    if before is not None and not over(s3, bucket, before, now_s):
        raise _busy(before)
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    last = (before and before["last"]) if warming else race
    turn = {"race": race, "warming": warming, "last": last, "began_s": now_s}
    try:
        s3.put_object(Bucket=bucket, Key=CURRENT, Body=json.dumps(turn).encode(), **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
        # Where the answer to our write was lost, boto wrote again, and found what we had written.
        there = current(s3, bucket)
        if there is None or there["race"] != race:
            raise _busy(there) from error


def current(s3: Any, bucket: str) -> dict[str, Any] | None:
    """The turn that began last; its `last` is the race that is in the tables."""
    return _read(s3, bucket, CURRENT)[0]


def over(s3: Any, bucket: str, turn: dict[str, Any], now_s: float) -> bool:
    """Whether nobody writes to the tables any more."""
    late = now_s - turn["began_s"] > LONGEST_S
    return late or all(result(s3, bucket, turn["race"], lane) is not None for lane in LANES)


def end(s3: Any, bucket: str, race: str, message: dict[str, Any]) -> None:
    """Keep what a lane came to: its message `finished`, `failed` or `warmed`."""
    key = _key(race, message["lane"])
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(message).encode())


def result(s3: Any, bucket: str, race: str, lane: str) -> dict[str, Any] | None:
    """What a lane came to; None while it is under way."""
    return _read(s3, bucket, _key(race, lane))[0]


def judge(s3: Any, bucket: str, verdict: dict[str, Any]) -> None:
    """Keep the message `verified` of a race: its tables are compared once."""
    key = _key(verdict["race"], _VERDICT)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(verdict).encode())


def verdict(s3: Any, bucket: str, race: str) -> dict[str, Any] | None:
    """The message that was kept; None where the race was not verified yet."""
    return _read(s3, bucket, _key(race, _VERDICT))[0]


def _busy(turn: dict[str, Any] | None) -> BusyError:
    return BusyError(_WARMING if turn and turn["warming"] else _RACING)


def _key(race: str, what: str) -> str:
    return f"races/{race}/{what}.json"


def _read(s3: Any, bucket: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NONE:
            return None, None
        raise
    return json.loads(found["Body"].read()), found["ETag"]
