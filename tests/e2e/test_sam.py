"""A SAM template in place of a workload folder, on the real emulator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Globals:
  Function:
    Runtime: python3.11
    Handler: app.handler
    MemorySize: 256
    Architectures: [x86_64]
    Environment:
      Variables: {GREETING: !Sub "${Greeting} from ${AWS::Region}"}
Resources:
  Plain:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: plain}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other, Role: !GetAtt SomeRole.Arn}
"""
HANDLER = """\
import os
def handler(event, context):
    told = os.environ["GREETING"]
    memory = context.memory_limit_in_mb
    return {"told": told, "memory": memory, "name": event["name"].METHOD}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "event.json").write_text('{"name": "Straße"}')
    for name, method in (("plain", "upper()"), ("other", "swapcase().upper()")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(HANDLER.replace("METHOD", method))
    return tmp_path


def test_two_functions_of_a_template_are_measured_under_its_own_settings(
    folder: Path, run: Run
) -> None:
    ended = run(
        folder, "run", "template.yaml", "--event", "event.json", "--set", "Greeting=hi", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    cells = {(one["variant"], one["case"], one["memory_mb"]) for one in document["results"]}
    assert cells == {("plain", "event", 256), ("other", "event", 256)}
    manifest = json.loads(next(folder.glob("runs/*/manifest.json")).read_text())
    assert manifest["conditions"]["architecture"] == "x86_64"
    samples = next(folder.glob("runs/*/samples.ndjson")).read_text().splitlines()
    answers = {json.loads(one)["canonical_response"] for one in samples}
    assert {json.loads(one)["told"] for one in answers} == {"hi from us-east-1"}
    assert {json.loads(one)["name"] for one in answers} == {"STRASSE"}


def test_a_difference_is_called_again_by_the_command_that_is_printed(
    folder: Path, run: Run
) -> None:
    (folder / "other" / "app.py").write_text(HANDLER.replace("METHOD", "lower()"))
    ended = run(folder, "search", "template.yaml", "--event", "event.json")
    assert ended.returncode == 1, ended.stderr
    assert 'name: Plain "STRASSE", Other "straße"' in ended.stdout
    printed = ended.stdout.splitlines()[-1].split()
    again = run(folder, *printed[1:])
    assert again.stdout == ended.stdout
