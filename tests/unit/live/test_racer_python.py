from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

EVENT = {"race": "r", "lane": "python", "connections": ["a", "b"], "task": {"bucket": "b"}}


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


def loads(task: Any, _context: Any, progress: Callable[[int], None]) -> dict[str, Any]:
    for done in (1_000, 2_000):
        progress(done)
    return {"records": 2_000, "task": task}


def test_progress_is_told_to_every_page_and_then_the_answer(racer: Any, gateway: Any) -> None:
    racer(loads).handler(EVENT, None)
    about = {"race": "r", "lane": "python"}
    told = gateway.messages("b")
    assert told == gateway.messages("a")
    assert told[:3] == [
        about | {"type": "running"},
        about | {"type": "progress", "records": 1_000},
        about | {"type": "progress", "records": 2_000},
    ]
    assert told[3]["answer"] == {"records": 2_000, "task": {"bucket": "b"}}
    assert told[3]["telling_ms"] > 0


def test_the_outcome_is_kept_as_it_was_told(racer: Any, gateway: Any, s3: Any) -> None:
    racer(loads).handler(EVENT, None)
    assert json.loads(s3.objects["races/r/python.json"]) == gateway.messages("a")[-1]


def test_a_failure_is_told_and_no_error_that_lambda_would_retry(
    racer: Any, gateway: Any, s3: Any
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("key")

    racer(fails).handler(EVENT, None)
    told = gateway.messages("a")[-1]
    assert (told["type"], told["error"]["errorType"]) == ("failed", "KeyError")
    assert "races/r/python.json" in s3.objects


def test_an_event_without_a_task_warms_up_and_tells_nobody(racer: Any, gateway: Any) -> None:
    assert racer(loads).handler({}, None) == {"type": "warmed"}
    assert gateway.told == []
