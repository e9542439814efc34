"""Runs in which a variant does not do what it must."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lambdameter.measure.run_folder import RunFolder

PLANTED_AT = 7
PLANTED = f"""
import document
import handler as sound

_parse = document.parse

def parse(body, form):
    read = _parse(body, form)
    read.items[{PLANTED_AT}]["amount_paid"] = str(read.items[{PLANTED_AT}]["amount_paid"])
    return read

document.parse = parse
handler = sound.handler
"""


def test_one_wrong_type_in_one_record_is_found_and_no_speed_is_told(
    lambdameter: Callable[..., Any], plant: Callable[[str], Path]
) -> None:
    small = ("--set", "records=200", "--set", "cold.records=50")
    # Outside the workspace no Rust variant of the copy can be built: none must be.
    asked = ("--variants", "python,planted", "--cases", "csv", *small, "--full", "--out", "run")
    command = lambdameter("run", str(plant(PLANTED)), *asked)
    told = command.end()
    assert told.exit_code == 1, told.stderr

    manifest = RunFolder.open(command.folder / "run").manifest()
    items = Path(manifest.datasets["cold"].folder, "expected.ndjson").read_text(encoding="utf-8")
    record = json.loads(items.split("\n")[PLANTED_AT])
    key, amount = record["registration_id"]["S"], record["amount_paid"]["N"]
    number = f"{Decimal(amount).normalize():f}"
    assert "NOT EQUAL" in told.stdout
    assert f'record {{"registration_id":{{"S":"{key}"}}}}' in told.stdout
    assert f'amount_paid: expected {{"N":"{number}"}}, found {{"S":"{amount}"}}' in told.stdout
    assert "Planted, cold call at 1,024 MB: 1 of 50 records differ, 50 were written" in told.stdout
    assert told.stdout.count("not verified as equal, so no speed is reported") == 4
    for section in ("Where the time went", "The bill"):
        assert section not in told.stdout

    progress = [line.partition(": ")[2] for line in told.stderr.splitlines()]
    assert progress.count("NOT EQUAL to what must be there") == 2

    report = lambdameter("report", "run", "--json", folder=command.folder).end()
    document = json.loads(report.stdout)
    assert not document["equality"]["equal"]
    assert document["bill"]["cells"] == []
    counted = {"n", "errors", "error", "retries", "faults"}
    for result in document["results"]:
        for call in (result["cold"], result["warm"]):
            assert not any(value for name, value in call.items() if name not in counted), call
        assert result["total_ms"] is None
        assert result["phases"] == {}


def test_a_variant_that_runs_out_of_memory_is_a_result(
    lambdameter: Callable[..., Any],
    require_cgroup_v1: None,  # noqa: ARG001
) -> None:
    # 100,000 records: their text alone, decoded beside its bytes, is more than 128 MB.
    sizes = ("--set", "records=100000", "--set", "cold.records=100")
    asked = ("--variants", "python", "--cases", "json", "--memory", "128", *sizes)
    command = lambdameter("run", "etl", *asked, "--full", "--out", "run")
    told = command.end()
    assert told.exit_code == 0, told.stderr
    row = next(line for line in told.stdout.splitlines() if line.startswith("JSON Python  died"))
    assert "Runtime.OutOfMemory at 128 MB" in row
    (_, warm) = RunFolder.open(command.folder / "run").samples().samples
    assert warm.error is not None
    assert warm.error.type == "Runtime.OutOfMemory"
    assert warm.report is not None
    assert (warm.report.status, warm.report.max_memory_mb) == ("error", 128)
