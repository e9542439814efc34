"""A request that failed for a reason that may pass is made again, a few times."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    IncompleteReadError,
)

TRIES = 4
# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
BACKOFF_BASE_S = 0.05
BACKOFF_CAP_S = 5.0
_NO_WHOLE_ANSWER = (ConnectionError, HTTPClientError, IncompleteReadError)
_SERVER_ERRORS = 500

Answer = TypeVar("Answer")


def backoff(attempt: int, jitter: Callable[[], float] = random.random) -> float:
    """Seconds to wait before the given retry (1 is the first)."""
    return jitter() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** (attempt - 1))


def persist(request: Callable[[], Answer]) -> Answer:
    """What a request answers, tried four times at most; raises what the last try raised.

    Each try is one that the SDK has given up on.
    """
    for tries in range(1, TRIES):
        try:
            return request()
        except (ClientError, BotoCoreError) as error:
            if not may_pass(error):
                raise
        time.sleep(backoff(tries))
    return request()


def may_pass(error: ClientError | BotoCoreError) -> bool:
    """Whether there was no whole answer, or the service itself failed."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= _SERVER_ERRORS)
    return isinstance(error, _NO_WHOLE_ANSWER)
