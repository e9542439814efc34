from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
HEAD = "metric,value,variant,n,spread,bytes\n"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("total,3,Rust,9,1,\ntotal,9,Python,9,1,\n", 0),
        ("total,0.00001,Rust,9,1,800000\n", 1),
        ("total,3,Rust,9,1,\ntotal,9,Rust,9,1,\n", 1),
        ("total,3,Rust,1,,\ntotal,9,Python,1,,\n", 5),
        ("total,3,Rust,1,,\ntotal,9,Python,1,,\ninit,9e-6,Go,9,1,800000\n", 1),
        ("total,three,Rust,1,,\n", 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_finding(
    command: Command, tmp_path: Path, rows: str, code: int
) -> None:
    (tmp_path / "mine.csv").write_text(HEAD + rows)
    assert command("audit", "mine.csv").exit_code == code


def test_a_faulty_file_is_told_with_line_column_and_next_step(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(HEAD + "total,three,,,,\ntotal,3,,many,,\n")
    told = command("audit", "mine.csv")
    assert told.stdout == ""
    *first, other = told.stderr.splitlines()
    assert first == [
        "error: 'three' is not a figure",
        "  where: mine.csv:2, column value",
        (
            "  next:  Write a value such as 14740, 0.21, ~300 or 50..80, and its unit in the "
            "column unit."
        ),
    ]
    assert other.startswith(
        "  also:  mine.csv:3, column n: 'many' is not a valid value. Write a whole"
    )


def test_a_file_that_is_not_there_is_told_with_the_tables_that_are(command: Command) -> None:
    told = command("audit", "nowhere.csv")
    assert told.exit_code == 2
    assert "next:  Give a CSV file, or the name of a shipped table: C1, C2, K, W." in told.stderr


@pytest.mark.parametrize("name", ["K", "C1", "C2", "W"])
def test_a_shipped_table_is_audited_by_its_name(command: Command, name: str) -> None:
    told = command("audit", name, "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout)["table"] == f"{name}.csv"


def test_text_that_goes_to_a_file_is_plain_and_at_most_100_columns_wide(command: Command) -> None:
    text = command("audit", "K").stdout
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
