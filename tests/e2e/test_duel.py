"""The whole duel, small, through the installed command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from lambdameter import units
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Manifest
from lambdameter.report import json_document

SCHEMA = Path(json_document.__file__).with_name("schema-1.json")
SMALL = ("--set", "records=500", "--set", "cold.records=100")
CELLS = [(variant, case) for case in ("csv", "json") for variant in ("python", "rust")]
TITLES = {"python": "Python", "rust": "Rust", "csv": "CSV", "json": "JSON"}


class Duel(NamedTuple):
    document: dict[str, Any]
    text: str
    exit_codes: tuple[int, int]
    progress: list[str]
    folder: Path
    started: set[str]
    left: list[object]

    def results(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(one["variant"], one["case"]): one for one in self.document["results"]}


@pytest.fixture(scope="module")
def duel(lambdameter: Callable[..., Any]) -> Duel:
    asked = ("--variants", "python,rust", *SMALL, "--out", "run", "--json")
    command = lambdameter("run", "etl", *asked)
    command.until("1/8")
    measured = command.end()
    assert measured.exit_code == 0, measured.stderr
    told = lambdameter("report", "run", "--full", folder=command.folder).end()
    return Duel(
        document=json.loads(measured.stdout),
        text=told.stdout,
        exit_codes=(measured.exit_code, told.exit_code),
        progress=re.findall(r"^(\d)/8 .+: [\d.,]+ m?s$", measured.stderr, re.MULTILINE),
        folder=command.folder / "run",
        started=set(command.parts),
        left=command.left(),
    )


def test_the_document_is_what_its_schema_says(duel: Duel) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(duel.document)
    assert duel.document["schema"] == 1
    assert duel.document["run"]["complete"]


def test_both_variants_are_proven_equal_on_both_cases(duel: Duel) -> None:
    equality = duel.document["equality"]
    assert equality["equal"]
    assert {one["verdict"]["case"] for one in equality["cases"]} == {"csv", "json"}
    for one in equality["cases"]:
        verdict = one["verdict"]
        assert set(verdict["proven"]) == {"python", "rust"}
        assert verdict["agree"]
        # Both variants, a cold call on 100 records and a warm one on 500 each.
        assert verdict["records_compared"] == 2 * (100 + 500)
    assert len({one["verdict"]["digest"] for one in equality["cases"]}) == 1


def test_each_of_the_four_cells_has_its_figures(duel: Duel) -> None:
    results = duel.results()
    assert sorted(results) == sorted(CELLS)
    for result in results.values():
        cold, warm = result["cold"], result["warm"]
        assert (cold["count"], warm["count"]) == (100, 500)
        assert cold["init_ms"] > 0
        assert warm["init_ms"] is None
        assert set(result["phases"]) == {"s3", "parse", "write"}
        assert sum(result["phases"].values()) == pytest.approx(result["total_ms"], rel=0.02)
        assert 0 < result["total_ms"] <= warm["duration_ms"] <= warm["client_ms"]
        assert 0 < result["cpu_ms"] < warm["duration_ms"] * 2
        assert 0 < result["modelled_ms"] < warm["duration_ms"]
        assert result["billed_ms"] - 1 <= warm["duration_ms"] <= result["billed_ms"]


def test_each_cell_is_billed_for_one_write_unit_a_record(duel: Duel) -> None:
    cells = duel.document["bill"]["cells"]
    assert sorted((cell["variant"], cell["case"]) for cell in cells) == sorted(CELLS)
    for cell in cells:
        quantity = {(one["service"], one["unit"]): one["quantity"] for one in cell["lines"]}
        assert quantity["dynamodb", "write request unit"] == "500"
        assert quantity["lambda", "request"] == "1"
        assert quantity["s3", "request"] == "1"
        assert ("lambda", "GB-second") in quantity


def test_the_run_folder_holds_what_was_planned_and_a_sample_of_each_trial(duel: Duel) -> None:
    folder = RunFolder.open(duel.folder)
    manifest, kept = folder.manifest(), folder.samples()
    assert isinstance(manifest, Manifest)
    assert sorted(file.name for file in duel.folder.iterdir()) == [
        "manifest.json",
        "samples.ndjson",
    ]
    assert len(manifest.plan) == 8
    assert tuple(sample.trial for sample in kept.samples) == manifest.plan
    assert manifest.target.engines.keys() == {"dynamodb", "s3"}


def test_the_report_of_its_folder_tells_the_same_figures(duel: Duel) -> None:
    assert duel.exit_codes == (0, 0)
    _, _, below = duel.text.partition("Warm calls at 1,024 MB: 500 records")
    table, _, _ = below.partition("Cold calls")
    rows = [line.split() for line in table.splitlines()]
    for (variant, case), result in duel.results().items():
        row = next(row for row in rows if row[:2] == [TITLES[case], TITLES[variant]])
        figures = [figure for figure in row[2:] if not figure.startswith("≈")]
        assert figures == [
            *(units.ms(result["phases"][phase]) for phase in ("s3", "parse", "write")),
            units.ms(result["total_ms"]),
            units.ms(result["per_1000_ms"]),
            units.ms(result["warm"]["duration_ms"]),
            f"{result['billed_ms']:,.0f}",
            f"{result['max_memory_mb']}",
            units.ms(result["cold"]["init_ms"]),
        ]


def test_the_report_is_plain_and_fits_a_hundred_columns(duel: Duel) -> None:
    assert "\x1b" not in duel.text
    assert max(map(len, duel.text.splitlines())) <= 100


def test_progress_has_a_line_for_each_sample(duel: Duel) -> None:
    assert duel.progress == list("12345678")


def test_a_run_leaves_nothing_behind(duel: Duel) -> None:
    assert duel.started == {"emulator", "data plane", "function"}
    assert duel.left == []
