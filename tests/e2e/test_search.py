"""`lambdameter search` on the real emulator: what is planted is found within 60 s, and replayed."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

WORKLOAD = """
schema = 1
name = "orders"
title = "Orders"
timeout_s = 3
input_schema = "input.schema.json"
[[cases]]
name = "one"
title = "One"
event = { quantity = 2, price = 1.5, name = "a" }
[response]
"""
VARIANT = """
[[variants]]
name = "{name}"
title = "{name}"
language = "any"
runtime = "python3.11"
handler = "handler.handler"
source = "{name}"
build = "copy"
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "quantity": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "price": {"type": "number", "minimum": 0, "maximum": 10_000},
        "name": {"type": "string", "maxLength": 40},
        "nick": {"type": ["string", "null"]},
    },
    "required": ["quantity", "price", "name"],
    "additionalProperties": False,
}
PLANTED = {
    "overflow": ("event['quantity'] * 5000", "(event['quantity'] * 5000 + 2**31) % 2**32 - 2**31"),
    "rounding": ("round(event['price'])", "int(event['price'] + 0.5)"),
    "unicode": ("event['name'].upper()", "event['name'].encode().upper().decode()"),
    "null": ("event.get('nick', 'none')", "event['nick'] if event.get('nick') else 'none'"),
}


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "workload.toml").write_text(
        WORKLOAD + "".join(VARIANT.format(name=name) for name in ("python", "port"))
    )
    (folder / "input.schema.json").write_text(json.dumps(SCHEMA))
    return folder


def plant(folder: Path, **answers: str) -> None:
    for name, expression in answers.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "handler.py").write_text(
            f"def handler(event, context):\n    return {{'answer': {expression}}}\n"
        )


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_found_and_called_again_as_printed(
    orders: Path, tmp_path: Path, kind: str, run: Run
) -> None:
    python, port = PLANTED[kind]
    plant(orders, python=python, port=port)
    ended = run(tmp_path, "search", "./orders", "--for", "60s")
    assert ended.returncode == 1, ended.stderr
    printed = shlex.split(ended.stdout.splitlines()[-1])
    assert printed[:3] == ["lambdameter", "search", "./orders"]
    again = run(tmp_path, *printed[1:], "--json")
    document: dict[str, Any] = json.loads(again.stdout)
    assert again.returncode == 1
    assert [one["variant"] for one in document["result"]["disagreements"]] == ["port"]
    plant(orders, port=python)
    corrected = run(tmp_path, *printed[1:])
    assert (corrected.returncode, corrected.stdout[:5]) == (0, "equal")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["orders", "runs"]
