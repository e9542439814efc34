from __future__ import annotations

from typing import Any

import pytest

from lambdameter.errors import BadInputError
from lambdameter.workload.sam.document import parse
from lambdameter.workload.sam.intrinsics import Resolver

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
  Size: {Type: Number, Default: 128}
  Secret: {Type: String}
Mappings:
  Sizes:
    dev: {memory: 256}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
"""


def resolve(value: str, **given: str) -> Any:
    root = parse(f"{TEMPLATE}value: {value}".encode(), "template.yaml")
    node = root.get("value")
    assert node is not None
    return Resolver(root, "template.yaml", given, "eu-west-1").resolve(node)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("plain", "plain"),
        ("!Ref Stage", "dev"),
        ("!Ref Size", 128),
        ("!Ref AWS::Region", "eu-west-1"),
        ("{Ref: Stage}", "dev"),
        ("!Sub 'n-${Stage}-${Size}'", "n-dev-128"),
        ("!Sub '${AWS::Partition}:${AWS::AccountId}'", "aws:000000000000"),
        ("!Sub '${!Literal} $5'", "${Literal} $5"),
        ("!Sub ['${own}/${Stage}', {own: !Ref Size}]", "128/dev"),
        ("!Join ['-', [a, !Ref Stage, 1, true]]", "a-dev-1-true"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 256),
        ("[a, !Ref AWS::NoValue, b]", ["a", "b"]),
        ("{a: 1, b: !Ref AWS::NoValue}", {"a": 1}),
        ("{a: {b: !Sub '${Stage}'}}", {"a": {"b": "dev"}}),
    ],
)
def test_what_a_template_says_is_resolved(value: str, resolved: Any) -> None:
    assert resolve(value) == resolved


def test_a_given_value_takes_the_place_of_the_default_or_of_none() -> None:
    assert resolve("!Sub '${Stage}-${Secret}'", Stage="prod", Secret="s") == "prod-s"


@pytest.mark.parametrize(
    ("value", "says", "how"),
    [
        ("!Ref Secret", "The parameter Secret has no Default", "--set Secret="),
        ("!Ref Table", "Table is known only after a deployment", "--set NAME="),
        ("!Sub '${Table.Arn}'", "Table.Arn is known only after a deployment", "--set NAME="),
        ("!GetAtt Table.Arn", "Fn::GetAtt cannot be resolved without AWS", "--set NAME="),
        ("!ImportValue x", "Fn::ImportValue cannot be resolved without AWS", "--set NAME="),
        ("!If [a, b, c]", "Fn::If cannot be resolved without AWS", "--set NAME="),
        ("!Ref Nothing", "The template has no Nothing", "Give an existing name"),
        (
            "!FindInMap [Sizes, prod, memory]",
            "Mappings has no Sizes.prod.memory",
            "Give an existing name",
        ),
        ("!Join [a]", "Fn::Join cannot be resolved without AWS", "--set NAME="),
        ("!Join ['-', x]", "Fn::Join cannot be resolved without AWS", "--set NAME="),
        ("!Sub []", "Fn::Sub cannot be resolved without AWS", "--set NAME="),
    ],
)
def test_what_it_does_not_say_is_named_with_its_line_and_what_to_do(
    value: str, says: str, how: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        resolve(value)
    assert refused.value.cause == says
    assert refused.value.place == "template.yaml:11"
    assert how in refused.value.next_step
