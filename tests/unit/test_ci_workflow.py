"""docs/ci/lambdameter.yml is YAML; test_documented_commands has what it runs."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "docs" / "ci" / "lambdameter.yml"


def test_it_parses_and_both_runs_are_made_alike() -> None:
    document = yaml.safe_load(WORKFLOW.read_text())
    steps = document["jobs"]["compare"]["steps"]
    runs = {step["name"]: step["run"] for step in steps if "run" in step and "name" in step}
    assert runs["Measure HEAD"] == runs["Measure BASE"].replace("base", "head")
    assert document["permissions"] == {"contents": "read", "pull-requests": "write"}
