"""docs/your-own-function.md, executed: every command of it, in its order, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lambdameter.workload import loader
from lambdameter.workload.new import new

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-own-function.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
BIN = Path(sys.prefix) / "bin"
# A shell: these are the words of a page for people who type them.
SHELL = ("bash", "-euxo", "pipefail", "-c")


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SHELL, script],
        cwd=folder,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )


def test_each_command_of_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    assert len(COMMANDS) == 5
    ended = run(tmp_path, "\n".join(COMMANDS))
    assert ended.returncode == 0, ended.stderr
    # Two runs of two cases.
    equal = re.findall(r"^Equality: .* did the same: [0-9]+ answers", ended.stdout, re.MULTILINE)
    assert len(equal) == 2
    assert "no difference  Python and Rust give the same answers to" in ended.stdout
    assert (
        "equal  Python and Rust give the same answer to orders/events/no-discount.json"
        in ended.stdout
    )
    assert sorted(one.name for one in tmp_path.iterdir()) == ["orders", "runs"]


BAD: list[object] = [
    None,
    {},
    [],
    "order",
    {"lines": {}},
    {"lines": ""},
    {"lines": [None]},
    {"lines": [{"quantity": "2", "unit_cents": 1}]},
    {"lines": [{"quantity": 1.5, "unit_cents": 1}]},
    {"lines": [{"quantity": 1.0, "unit_cents": 1}]},
    {"lines": [{"quantity": True, "unit_cents": 1}]},
    {"lines": [{"quantity": -1, "unit_cents": 1}]},
    {"lines": [], "discount_percent": "5"},
]


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "orders"
    new(folder)
    return folder


def test_both_variants_that_are_made_refuse_bad_events_alike(orders: Path) -> None:
    (orders / "input.schema.json").write_text(json.dumps({"enum": BAD}))
    ended = run(orders.parent, "lambdameter search ./orders")
    assert (
        f"give the same answers to all {len(BAD)} inputs that the schema allows" in ended.stdout
    ), ended
    (orders / "event.json").write_text("{}")
    ended = run(orders.parent, "lambdameter search ./orders --event orders/event.json --json")
    answers = json.loads(ended.stdout)["result"]["answers"]
    assert {told.partition(":")[0] for told in answers.values()} == {"InvalidOrder"}


def test_what_is_made_is_a_sound_workload_under_its_own_name(orders: Path) -> None:
    made = loader.load(str(orders))
    assert (made.name, made.variants[1].binary) == ("orders", "orders-rust")
