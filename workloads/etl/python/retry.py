"""A request that failed for a reason that may pass is made again, a few times."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import batch
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    IncompleteReadError,
)

TRIES = 4
_NO_WHOLE_ANSWER = (ConnectionError, HTTPClientError, IncompleteReadError)
_SERVER_ERRORS = 500

Answer = TypeVar("Answer")


def persist(request: Callable[[], Answer]) -> Answer:
    """What a request answers, tried four times at most; raises what the last try raised.

    Each try is one that the SDK has given up on. It never sees an object's body break off, since
    that is read after its work is done.
    """
    for tries in range(1, TRIES):
        try:
            return request()
        except (ClientError, BotoCoreError) as error:
            if not _may_pass(error):
                raise
        time.sleep(batch.backoff(tries, random.random))
    return request()


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    """Whether there was no whole answer, or the service itself failed."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERRORS
    return isinstance(error, _NO_WHOLE_ANSWER)
