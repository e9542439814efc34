"""How far two copies of one function are apart, through the installed command."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lambdameter.measure.run_folder import RunFolder

ROUNDS = 10


def test_two_copies_of_one_function_are_held_against_each_other(
    lambdameter: Callable[..., Any],
) -> None:
    small = ("--set", "records=50", "--set", "cold.records=25", "--cases", "csv")
    asked = ("--aa", "--cold", str(ROUNDS), "--latency", "off", *small)
    command = lambdameter("run", "etl", *asked, "--out", "run", "--json")
    ended = command.end()
    assert ended.exit_code == 0, ended.stderr

    document = json.loads(ended.stdout)
    assert document["run"]["copies"] == {"python-copy": "python"}
    assert document["equality"]["cases"][0]["verdict"]["proven"] == ["python", "python-copy"]
    (decision,) = document["decisions"]
    assert decision["action"] == "copies"
    assert "two copies of Python " in decision["verdict"]
    for measure in (" in Init", " in Duration"):
        assert measure in " ".join((decision["verdict"], *decision["evidence"]))
    assert {one["call"]: one["environments"] for one in document["comparisons"]} == {
        "cold": ROUNDS,
        "warm": ROUNDS,
    }
    assert all(one["detectable"] > 0 for one in document["comparisons"])

    folder = RunFolder.open(command.folder / "run")
    first, second = folder.manifest().artifacts
    assert first.sha256 == second.sha256
    text = lambdameter("report", "run", folder=command.folder).end().stdout
    assert " ".join(text.split()).startswith(decision["verdict"])
    assert "Switch" not in text
