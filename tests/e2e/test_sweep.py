"""One experiment at several latencies of the services, through the installed command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lambdameter.measure.run_folder import RunFolder, read_sweep

LATENCIES = (0, 40)
ROUNDS = 2


def test_the_verdict_is_told_at_each_latency(lambdameter: Callable[..., Any]) -> None:
    small = ("--set", "records=100", "--set", "cold.records=25", "--cases", "csv")
    asked = ("--variants", "python,python-tuned", "--cold", str(ROUNDS), *small)
    command = lambdameter("run", "etl", *asked, "--latency", "0,40", "--out", "run", "--json")
    ended = command.end()
    assert ended.exit_code == 0, ended.stderr
    assert command.left() == []

    folder = command.folder / "run"
    assert [one.latency_ms for one in read_sweep(folder).runs] == list(LATENCIES)
    document = json.loads(ended.stdout)
    for one in document["runs"]:
        modelled = [cell["modelled_ms"] for cell in one["document"]["results"]]
        # S3's answer and four batches, some of which may be on their way at once.
        assert all(ms > 40 if one["latency_ms"] else not ms for ms in modelled), modelled
        told = one["document"]["target"]["latency_model"]
        assert told.startswith(f"{one['latency_ms']:.0f} ms")
        assert one["document"]["equality"]["equal"]
    (curve,) = document["curves"]
    assert [point["comparison"]["environments"] for point in curve["points"]] == [ROUNDS] * 2
    assert document["decisions"][0].endswith(f"not enough samples ({ROUNDS} of 10 environments).")
    assert rounds_in_turn(folder)

    text = lambdameter("report", "run", folder=command.folder).end()
    assert text.exit_code == 0
    assert "By service latency at 1,024 MB" in text.stdout
    for told in (40, 0):
        assert f"≈{told} " in text.stdout


def rounds_in_turn(folder: Path) -> bool:
    """Whether the first round of each latency ended before the second of any began."""
    starts = [
        (sample.started_at, sample.trial.round)
        for latency in LATENCIES
        for sample in RunFolder.open(folder / f"latency-{latency}").samples().samples
    ]
    rounds = [number for _, number in sorted(starts)]
    return rounds == sorted(rounds)
