"""The Python racer: the workload's own code, sending its phases and progress to the pages."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3
import broadcast
import handler as workload
import race_state

BUCKET = os.environ["BUCKET"]

gateway = boto3.client("apigatewaymanagementapi", config=broadcast.CONFIG)


class Environment:
    """This execution environment.

    Attributes:
        cold: until the first invocation, which may be a warm-up.
    """

    cold = True


class Lane:
    """Sends the messages of one racer; the workload calls it as its listener."""

    def __init__(self, event: dict[str, Any]) -> None:
        self._names = {"race": event["race"], "lane": event["lane"]}
        self._pages = broadcast.Broadcast(gateway, event["connections"])
        self._sending_s = 0.0

    def running(self, *, cold: bool) -> None:
        """The handler begins; `cold` if this is the environment's first invocation."""
        self._pages.send(self._message({"type": "running", "cold": cold}))

    def phase(self, name: str) -> None:
        """A phase of the workload begins."""
        self._send_timed({"type": "phase", "phase": name})

    def records(self, done: int) -> None:
        """This many records are written."""
        self._send_timed({"type": "progress", "records": done})

    def finished(self, answer: Any) -> None:
        """All records are written."""
        sending_ms = round(self._sending_s * 1_000, 3)
        self._end({"type": "finished", "answer": answer, "telling_ms": sending_ms})

    def failed(self, error: Exception) -> None:
        """The workload raised an error."""
        reason = {"errorType": type(error).__name__, "errorMessage": str(error)}
        self._end({"type": "failed", "error": reason})

    def _end(self, content: dict[str, Any]) -> None:
        message = self._message(content)
        race_state.save_result(workload.s3, BUCKET, message["race"], message)
        self._pages.send(message)
        print(json.dumps(message))

    def _message(self, content: dict[str, Any]) -> dict[str, Any]:
        return self._names | {"at_ms": broadcast.now_ms()} | content

    def _send_timed(self, content: dict[str, Any]) -> None:
        """Sending takes a part of the workload's own times."""
        began = time.perf_counter()
        self._pages.send(self._message(content))
        self._sending_s += time.perf_counter() - began


def handler(event: Any, context: Any) -> None:
    """Run the workload's task; an event without a task is a warm-up.

    An error is sent to the pages and not raised: Lambda would run the race again.
    """
    cold, Environment.cold = Environment.cold, False
    if "task" not in event:
        return
    lane = Lane(event)
    lane.running(cold=cold)
    try:
        answer = workload.load(event["task"], context, lane)
    except Exception as error:  # noqa: BLE001 - the page shows any error
        lane.failed(error)
    else:
        lane.finished(answer)
