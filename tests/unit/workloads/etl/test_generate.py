"""The generator's promises, on the default data set and on small ones."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

SMALL = {"records": 2_000, "concerts": 30, "broken_records": 0, "seed": 1}


def run(etl: Path, out: Path, parameters: object) -> subprocess.CompletedProcess[str]:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    argv = [sys.executable, str(etl / "generate.py"), "--out", str(out), "--parameters", text]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def generate(etl: Path, out: Path, **changes: int) -> Path:
    run(etl, out, SMALL | changes).check_returncode()
    return out


def rows(folder: Path) -> list[dict[str, Any]]:
    with (folder / "registrations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def objects(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "registrations.json").read_text(encoding="utf-8")
    return list(json.loads(text, parse_float=Decimal))


def items(folder: Path) -> list[dict[str, dict[str, str]]]:
    lines = (folder / "expected.ndjson").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def expected(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "expected.json").read_text(encoding="utf-8")))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def default(etl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    parameters = tomllib.loads((etl / "workload.toml").read_text(encoding="utf-8"))["parameters"]
    return generate(etl, tmp_path_factory.mktemp("default"), **parameters)


@pytest.fixture(scope="module")
def broken(etl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(etl, tmp_path_factory.mktemp("broken"), records=20_000, broken_records=200)


@pytest.mark.parametrize(("name", "size"), [("csv", 7_800_000), ("json", 17_100_000)])
def test_the_default_objects_have_the_published_sizes(default: Path, name: str, size: int) -> None:
    actual = (default / f"registrations.{name}").stat().st_size
    assert abs(actual / size - 1) <= 0.03


def test_the_default_has_50_000_registrations_with_ids_of_their_own(default: Path) -> None:
    assert len({row["registration_id"] for row in rows(default)}) == 50_000


def test_the_default_has_30_concerts(default: Path) -> None:
    fields = ("event_name", "event_date", "venue", "city")
    assert len({tuple(row[field] for field in fields) for row in rows(default)}) == 30


def test_a_record_has_11_fields(default: Path) -> None:
    assert {len(row) for row in rows(default)} == {11}


def test_csv_and_json_hold_the_same_records(default: Path) -> None:
    def exact(record: dict[str, Any]) -> dict[str, Any]:
        return record | {"amount_paid": Decimal(record["amount_paid"])}

    assert [exact(row) for row in rows(default)] == objects(default)


def test_amounts_have_cents_and_are_numbers_in_json(default: Path) -> None:
    exponents = {record["amount_paid"].as_tuple().exponent for record in objects(default)}
    assert exponents == {-2}


def test_the_expected_items_are_the_records_in_dynamodb_types(default: Path) -> None:
    types = {field: "N" if field == "amount_paid" else "S" for field in rows(default)[0]}
    assert items(default) == [
        {field: {types[field]: text} for field, text in row.items()} for row in rows(default)
    ]


def test_the_expected_answer_is_that_all_was_written(default: Path) -> None:
    response = {"records": 50_000, "written": 50_000, "invalid": {"count": 0, "first": []}}
    assert expected(default) == {"count": 50_000, "response": response}


@pytest.mark.parametrize("sign", [",", '"', "\n", "\N{COMBINING DIAERESIS}", "й", "東", "ת", "🎸"])
def test_fields_hold_what_breaks_careless_readers(default: Path, sign: str) -> None:
    concerned = [row for row in rows(default) if any(sign in text for text in row.values())]
    assert 0 < len(concerned) < 50_000


def test_the_same_seed_gives_the_same_bytes_and_another_others(etl: Path, tmp_path: Path) -> None:
    first, second = generate(etl, tmp_path / "1"), generate(etl, tmp_path / "2")
    other = generate(etl, tmp_path / "3", seed=2)
    assert contents(first) == contents(second)
    for name in ("registrations.csv", "registrations.json", "expected.ndjson"):
        assert contents(first)[name] != contents(other)[name]


def test_every_python_that_lambda_offers_gives_these_bytes(etl: Path, tmp_path: Path) -> None:
    """Recorded on 3.11, 3.12 and 3.13; a change of the data is a change of this line."""
    folder = generate(etl, tmp_path)
    whole = b"".join(contents(folder)[name] for name in sorted(contents(folder)))
    assert (
        hashlib.sha256(whole).hexdigest()
        == "953dd9b1c44a66565dbb6fca8c4d0a53cbe6cdc735aa613ed199e9c21ee5251e"
    )


def test_one_percent_broken_is_counted_and_the_first_hundred_are_named(broken: Path) -> None:
    response = expected(broken)["response"]
    assert (response["records"], response["written"]) == (20_000, 19_800)
    assert response["invalid"]["count"] == 200
    assert len(response["invalid"]["first"]) == 100
    assert expected(broken)["count"] == len(items(broken)) == 19_800


def test_broken_records_are_spread_evenly(broken: Path) -> None:
    named = [flaw["record"] for flaw in expected(broken)["response"]["invalid"]["first"]]
    assert named == list(range(50, 10_000, 100))


def test_broken_records_are_broken_alike_in_both_formats(broken: Path) -> None:
    def shown(record: dict[str, Any]) -> dict[str, str]:
        return {field: str(value) for field, value in record.items() if value is not None}

    assert [shown(row) for row in rows(broken)] == [shown(record) for record in objects(broken)]


def test_the_expected_items_are_the_unbroken_records(broken: Path) -> None:
    ids = {row["registration_id"] for row in rows(broken)}
    assert {item["registration_id"]["S"] for item in items(broken)} < ids


def test_every_record_may_be_broken(etl: Path, tmp_path: Path) -> None:
    folder = generate(etl, tmp_path, records=7, broken_records=7)
    named = [flaw["record"] for flaw in expected(folder)["response"]["invalid"]["first"]]
    assert (named, items(folder)) == (list(range(7)), [])


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        (SMALL | {"rows": 1}, "'rows'"),
        ({"records": 1, "concerts": 1, "broken_records": 0}, "'seed'"),
        (SMALL | {"records": 0}, "'records'"),
        (SMALL | {"records": "2000"}, "'records'"),
        (SMALL | {"records": True}, "'records'"),
        (SMALL | {"concerts": 1.5}, "'concerts'"),
        (SMALL | {"seed": -1}, "'seed'"),
        (SMALL | {"broken_records": 2_001}, "'broken_records'"),
        ("[]", "object"),
        ("{", "JSON"),
    ],
)
def test_a_bad_parameter_is_named_in_one_line(
    etl: Path, tmp_path: Path, parameters: object, named: str
) -> None:
    done = run(etl, tmp_path / "out", parameters)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
