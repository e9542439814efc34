from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.cli.parse import read_settings
from lambdameter.errors import BadInputError
from lambdameter.workload.named import check_events, load

Command = Callable[..., Any]
FUNCTION = """
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.handler
      Runtime: python3.12
      Architectures: [{architecture}]
      Environment: {{Variables: {{REGION: !Ref AWS::Region}}}}
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "one.json").write_text('{"n": 1}')

    def make(**functions: str) -> str:
        resources = [
            FUNCTION.format(name=name, architecture=one) for name, one in functions.items()
        ]
        text = f"Resources:{''.join(resources) or ' {}'}"
        (tmp_path / "template.yaml").write_text(text)
        return "template.yaml"

    return make


def test_both_functions_of_a_template_are_meant(template: Callable[..., str]) -> None:
    found = load(template(A="arm64", B="arm64"), None, [Path("one.json")], {}, "eu-west-1")
    assert [one.title for one in found.workload.variants] == ["A", "B"]
    assert found.workload.variants[0].environment == {"REGION": "eu-west-1"}
    assert found.architecture == "arm64"
    assert found.workload.cases[0].event == {"n": 1}


def test_of_more_than_two_those_that_are_named_are_meant(template: Callable[..., str]) -> None:
    file = template(A="arm64", B="arm64", C="arm64")
    with pytest.raises(BadInputError, match="has 3 functions") as refused:
        load(file, None, (), {}, "eu-west-1")
    assert "--variants: A, B, C" in refused.value.next_step
    found = load(file, ["C", "A"], (), {}, "eu-west-1")
    assert [one.title for one in found.workload.variants] == ["C", "A"]


def test_functions_of_two_architectures_are_refused(template: Callable[..., str]) -> None:
    with pytest.raises(BadInputError, match="different Architectures"):
        load(template(A="arm64", B="x86_64"), None, (), {}, "eu-west-1")


def test_a_template_without_functions_is_refused(template: Callable[..., str]) -> None:
    with pytest.raises(BadInputError, match="has no AWS::Serverless::Function"):
        load(template(), None, (), {}, "eu-west-1")


def test_a_template_needs_an_event_and_a_workload_takes_none(sums: Path) -> None:
    with pytest.raises(BadInputError, match="does not contain events"):
        check_events("template.yaml", [])
    with pytest.raises(BadInputError, match="Events cannot be given"):
        load(str(sums), None, [Path("one.json")], {}, "eu-west-1")


def test_events_of_one_name_are_refused() -> None:
    with pytest.raises(BadInputError, match="would have the same name one"):
        check_events("template.yaml", [Path("a/one.json"), Path("b/one.json")])


def test_settings_are_read() -> None:
    assert read_settings(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "no.yaml", "--event", "one.json"), "The template cannot be read: No such file"),
        (("run", "template.yaml"), "does not contain events"),
        (("run", "template.yaml", "--event", "no.json"), "no.json cannot be read"),
        (
            ("run", "template.yaml", "--event", "one.json", "--variants", "C"),
            "C is not an AWS",
        ),
        (("run", "template.yaml", "--event", "one.json", "--set", "X=1"), "no parameter named 'X'"),
        (("search", "template.yaml"), "has no input schema"),
        (
            ("search", "template.yaml", "--event", "one.json", "--variants", "A"),
            "a is the only",
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_bad_input(
    template: Callable[..., str], command: Command, arguments: tuple[str, ...], says: str
) -> None:
    template(A="arm64", B="arm64")
    told = command(*arguments)
    assert told.exit_code == 2
    assert says in told.stderr
