"""One object of S3 as a stream."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import retry
from botocore.exceptions import BotoCoreError


class Source(io.RawIOBase):
    """An object that is being read.

    No SDK retries a body that breaks off while it is read. It is asked for again, from where it
    broke, and only as long as it is the same object.

    Attributes:
        waited_s: how long S3 was waited for.
    """

    def __init__(
        self, get: Callable[..., dict[str, Any]], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Ask for the object; `get` is GetObject, less the object's name.

        Raises:
            BotoCoreError: there is no answer.
            ClientError: S3 refuses.
        """
        super().__init__()
        started = time.perf_counter()
        self._get, self._sleep = get, sleep
        answer = retry.persist(get)
        self._body = answer["Body"]
        self._version = answer["ETag"]
        self._read = 0
        self._tries = 1
        self.waited_s = time.perf_counter() - started

    def readable(self) -> bool:
        """As io asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As io asks; raises as __init__ does."""
        started = time.perf_counter()
        piece = self._next(len(buffer))
        self.waited_s += time.perf_counter() - started
        self._read += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self, size: int) -> bytes:
        while True:
            try:
                return bytes(self._body.read(size))
            except BotoCoreError as error:
                if self._tries == retry.TRIES or not retry.may_pass(error):
                    raise
            self._sleep(retry.backoff(self._tries))
            self._tries += 1
            answer = retry.persist(
                lambda: self._get(Range=f"bytes={self._read}-", IfMatch=self._version)
            )
            self._body = answer["Body"]
