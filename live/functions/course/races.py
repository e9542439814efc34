"""The race that is on, and what its racers answered: objects below `races/` in the bucket."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

CURRENT = "races/current.json"
LANES = ("python", "rust")
# A racer runs for 900 s at most, and was asked before that; then nobody is waited for.
LONGEST_S = 1_200
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_NONE = {"NoSuchKey", "404"}


class BusyError(Exception):
    """A race is on: two at once would write to the same tables."""


def begin(s3: Any, bucket: str, race: dict[str, Any], now_s: float) -> None:
    """Make this the current race; BusyError where one is on.

    The write is conditional, so that of two that begin at once one is refused:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    before, etag = _read(s3, bucket, CURRENT)
    if before is not None and not over(s3, bucket, before, now_s):
        raise BusyError
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    body = json.dumps(race | {"began_s": now_s}).encode()
    try:
        s3.put_object(Bucket=bucket, Key=CURRENT, Body=body, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] in _TAKEN:
            raise BusyError from error
        raise


def current(s3: Any, bucket: str) -> dict[str, Any] | None:
    """The race that began last."""
    return _read(s3, bucket, CURRENT)[0]


def over(s3: Any, bucket: str, race: dict[str, Any], now_s: float) -> bool:
    """Whether nobody writes to the tables any more."""
    late = now_s - race["began_s"] > LONGEST_S
    return late or all(result(s3, bucket, race["race"], lane) is not None for lane in LANES)


def end(s3: Any, bucket: str, message: dict[str, Any]) -> None:
    """Keep what a lane came to: its message `finished` or `failed`."""
    key = _key(message["race"], message["lane"])
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(message).encode())


def result(s3: Any, bucket: str, race: str, lane: str) -> dict[str, Any] | None:
    """What a lane came to; None while it is under way."""
    return _read(s3, bucket, _key(race, lane))[0]


def _key(race: str, lane: str) -> str:
    return f"races/{race}/{lane}.json"


def _read(s3: Any, bucket: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NONE:
            return None, None
        raise
    return json.loads(found["Body"].read()), found["ETag"]
