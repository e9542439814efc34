from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

EVENT = {"race": "r", "lane": "python", "connections": ["a", "b"], "task": {"bucket": "b"}}
ANSWER = {
    "records": 2_000,
    "written": 2_000,
    "invalid": {"count": 0, "first": []},
    "retried_items": 0,
    "total_ms": 4.5,
    "phases": {"s3_ms": 1.0, "parse_ms": 1.0, "write_ms": 2.5},
}


@pytest.fixture
def racer(
    imported: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[..., Any]], Any]:
    """The racer, whose workload does this."""
    module = imported("racer-python")

    def working(load: Callable[..., Any]) -> Any:
        monkeypatch.setattr(module.workload, "load", load)
        return module

    return working


def loads(_task: Any, _context: Any, listener: Any) -> dict[str, Any]:
    listener.phase("write")
    for done in (1_000, 2_000):
        listener.records(done)
    return ANSWER


def without_times(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: message[name] for name in message if name != "at_ms"} for message in messages]


def test_phases_and_progress_are_told_to_every_page_and_then_the_answer(
    racer: Any, gateway: Any
) -> None:
    racer(loads).handler(EVENT, None)
    about = {"race": "r", "lane": "python"}
    sent = gateway.messages("b")
    assert sent == gateway.messages("a")
    assert without_times(sent[:4]) == [
        about | {"type": "running", "cold": True},
        about | {"type": "phase", "phase": "write"},
        about | {"type": "progress", "records": 1_000},
        about | {"type": "progress", "records": 2_000},
    ]
    assert sent[4]["answer"] == ANSWER
    assert sent[4]["telling_ms"] > 0


def test_every_message_says_when(racer: Any, gateway: Any) -> None:
    began_ms = time.time() * 1_000
    racer(loads).handler(EVENT, None)
    times = [message["at_ms"] for message in gateway.messages("a")]
    assert times == sorted(times)
    assert began_ms - 1 <= times[0] <= times[-1] <= time.time() * 1_000 + 1


def test_only_the_first_call_of_an_environment_is_cold(racer: Any, gateway: Any) -> None:
    module = racer(loads)
    for _ in range(2):
        module.handler(EVENT, None)
    cold = [one["cold"] for one in gateway.messages("a") if one["type"] == "running"]
    assert cold == [True, False]


def test_a_warm_up_is_the_first_call_of_its_environment(racer: Any, gateway: Any) -> None:
    module = racer(loads)
    module.handler({}, None)
    module.handler(EVENT, None)
    assert gateway.messages("a")[0]["cold"] is False


def test_the_outcome_is_kept_as_it_was_told(racer: Any, gateway: Any, s3: Any) -> None:
    racer(loads).handler(EVENT, None)
    assert json.loads(s3.objects["races/r/python.json"]) == gateway.messages("a")[-1]


def test_a_failure_is_told_and_no_error_that_lambda_would_retry(
    racer: Any, gateway: Any, s3: Any
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("key")

    racer(fails).handler(EVENT, None)
    sent = gateway.messages("a")[-1]
    assert (sent["type"], sent["error"]["errorType"]) == ("failed", "KeyError")
    assert "races/r/python.json" in s3.objects


def test_an_event_without_a_task_warms_up_and_tells_nobody(racer: Any, gateway: Any) -> None:
    racer(loads).handler({}, None)
    assert gateway.sent == []
