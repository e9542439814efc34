"""The workload's own handler, telling the pages of its phases and each thousand records."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import audience
import boto3
import handler as workload
import races

BUCKET = os.environ["BUCKET"]

gateway = boto3.client("apigatewaymanagementapi", config=audience.PROMPT)


class Environment:
    """This execution environment.

    Attributes:
        cold: until its first call, a warm-up included.
    """

    cold = True


class Lane:
    """What one racer tells, and the time that telling took: the workload's listener."""

    def __init__(self, event: dict[str, Any]) -> None:
        self._about = {"race": event["race"], "lane": event["lane"]}
        self._told = audience.Audience(gateway, event["connections"])
        self._telling_s = 0.0

    def running(self, *, cold: bool) -> None:
        """The environment is there, and the handler begins; `cold` is its first call."""
        self._told.tell(self._said({"type": "running", "cold": cold}))

    def phase(self, name: str) -> None:
        """One of the workload's phases begins."""
        self._tell_in_passing({"type": "phase", "phase": name})

    def records(self, done: int) -> None:
        """So many records are written."""
        self._tell_in_passing({"type": "progress", "records": done})

    def end(self, outcome: dict[str, Any]) -> None:
        """Keep the outcome, and tell it."""
        telling_ms = round(self._telling_s * 1_000, 3)
        message = self._said({"telling_ms": telling_ms} | outcome)
        races.end(workload.s3, BUCKET, message["race"], message)
        self._told.tell(message)

    def _said(self, what: dict[str, Any]) -> dict[str, Any]:
        return self._about | {"at_ms": audience.now_ms()} | what

    def _tell_in_passing(self, what: dict[str, Any]) -> None:
        """This is inside the workload's own times."""
        began = time.perf_counter()
        self._told.tell(self._said(what))
        self._telling_s += time.perf_counter() - began


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Run the workload's task; without one, this was a warm-up.

    A failure is an answer and no error of the invocation: Lambda would run the race again.
    """
    cold, Environment.cold = Environment.cold, False
    if "task" not in event:
        return {"type": "warmed"}
    lane = Lane(event)
    lane.running(cold=cold)
    try:
        answer = workload.load(event["task"], context, lane)
    except Exception as error:  # noqa: BLE001 - whatever it was, the page is told
        failed = {"errorType": type(error).__name__, "errorMessage": str(error)}
        outcome = {"type": "failed", "error": failed}
    else:
        outcome = {"type": "finished", "answer": answer}
    lane.end(outcome)
    print(json.dumps(outcome))
    return outcome
