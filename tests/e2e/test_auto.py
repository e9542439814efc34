"""A run that ends when it is decided: interrupted on its way, resumed, and told from its folder."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lambdameter.measure.run_folder import RunFolder

WAITS = (
    "import time\ndef handler(event, context):\n    time.sleep({seconds})\n    return {answer}\n"
)


def waits(seconds: float) -> dict[str, bytes]:
    answer = "{'count': 1, 'total_ms': 1.0}"
    return {"handler.py": WAITS.format(seconds=seconds, answer=answer).encode()}


def test_it_goes_on_where_it_was_interrupted_and_ends_at_the_look_that_decides(
    lambdameter: Callable[..., Any], tiny: Callable[..., Path]
) -> None:
    workload = tiny({"prompt": waits(0.001), "late": waits(0.1)})
    asked = ("--rounds", "auto", "--budget", "5m", "--sandbox", "none", "--out", "run", "--json")
    begun = lambdameter("run", str(workload), *asked)
    begun.until("9/at most 240")
    begun.process.send_signal(signal.SIGINT)
    interrupted = begun.end()
    assert interrupted.exit_code == 130
    expected = "20 to 60 rounds of 2 environments, each with a cold call and 1 warm call: about"
    assert expected in interrupted.stderr
    assert "at most 5 min, the budget" in interrupted.stderr
    assert interrupted.stderr.splitlines()[-1].startswith("interrupted; the samples so far are")
    assert begun.left() == []

    early = json.loads(lambdameter("report", "run", "--json", folder=begun.folder).end().stdout)
    assert (early["stopping"]["rounds"], early["stopping"]["stop"]) == (2, False)
    assert not early["run"]["complete"]

    resumed = lambdameter("run", "--resume", "run", "--json", folder=begun.folder).end()
    assert resumed.exit_code == 0, resumed.stderr
    assert "checked after 20 rounds: 1 of 1 comparison decided" in resumed.stderr
    document = json.loads(resumed.stdout)
    assert document["run"]["complete"]
    assert document["stopping_rule"] == {"looks": [20, 30, 45, 60], "budget_s": 300.0}
    stopping = document["stopping"]
    assert (stopping["rounds"], stopping["reason"]) == (20, "decided")
    assert [(one["rounds"], one["decided"]) for one in stopping["made"]] == [(20, 1)]
    (warm,) = (one for one in document["comparisons"] if one["call"] == "warm")
    assert (warm["variant"], warm["verdict"]) == ("late", "slower")
    assert warm["interval"]["level"] == stopping["level"]
    assert len(RunFolder.open(begun.folder / "run").samples().samples) == 80

    text = lambdameter("report", "run", "--full", folder=begun.folder).end().stdout
    assert "20 rounds in" in text
    assert "then the run ended because every comparison was" in text
