"""Which race may run, the results of its lanes, its verdict: objects below `races/` in the bucket.

Only one race or warm-up runs at a time: a warm-up, too, sets the racers' memory size. The one that
started last is the *turn*.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

CURRENT = "races/current.json"
LANES = ("python", "rust")
# The runner has 900 s, and a racer that is invoked in its last second 780: then nothing writes.
MAX_TURN_S = 1_800
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_RACE_RUNNING, _WARMING_UP = "a race is running", "the racers are being warmed up"
_MISSING = {"NoSuchKey", "404"}
_VERDICT = "verified"


class BusyError(Exception):
    """Another race or warm-up is running; the message says which of both."""


def start(s3: Any, bucket: str, race: str, now_s: float, *, warming: bool = False) -> None:
    """Start the turn of this race or warm-up; BusyError if another one is not over.

    The write is conditional, so of two that start at once one is refused:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    before, etag = _read(s3, bucket, CURRENT)
    if before is not None and not is_over(s3, bucket, before, now_s):
        raise _busy(before)
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    last = (before and before["last"]) if warming else race
    turn = {"race": race, "warming": warming, "last": last, "began_s": now_s}
    try:
        s3.put_object(Bucket=bucket, Key=CURRENT, Body=json.dumps(turn).encode(), **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
        # If the first answer was lost, boto3 tried again and met our own first write.
        written = current(s3, bucket)
        if written is None or written["race"] != race:
            raise _busy(written) from error


def current(s3: Any, bucket: str) -> dict[str, Any] | None:
    """The turn that started last; its `last` is the race whose records are in the tables."""
    return _read(s3, bucket, CURRENT)[0]


def is_over(s3: Any, bucket: str, turn: dict[str, Any], now_s: float) -> bool:
    """Whether nothing of this turn writes to the tables any more."""
    expired = now_s - turn["began_s"] > MAX_TURN_S
    return expired or all(result(s3, bucket, turn["race"], lane) is not None for lane in LANES)


def save_result(s3: Any, bucket: str, race: str, message: dict[str, Any]) -> None:
    """Save the message `finished`, `failed` or `warmed` of a lane."""
    key = _key(race, message["lane"])
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(message).encode())


def result(s3: Any, bucket: str, race: str, lane: str) -> dict[str, Any] | None:
    """The saved message of a lane; None while it is running."""
    return _read(s3, bucket, _key(race, lane))[0]


def save_verdict(s3: Any, bucket: str, verdict: dict[str, Any]) -> None:
    """Save the message `verified` of a race: its tables are compared only once."""
    key = _key(verdict["race"], _VERDICT)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(verdict).encode())


def verdict(s3: Any, bucket: str, race: str) -> dict[str, Any] | None:
    """The saved message `verified`; None if the race is not verified yet."""
    return _read(s3, bucket, _key(race, _VERDICT))[0]


def _busy(turn: dict[str, Any] | None) -> BusyError:
    return BusyError(_WARMING_UP if turn and turn["warming"] else _RACE_RUNNING)


def _key(race: str, name: str) -> str:
    return f"races/{race}/{name}.json"


def _read(s3: Any, bucket: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """An object's content and ETag; None for both if it does not exist."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None, None
        raise
    return json.loads(answer["Body"].read()), answer["ETag"]
