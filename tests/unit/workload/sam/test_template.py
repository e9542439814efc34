from __future__ import annotations

from typing import Any

import pytest

from lambdameter.errors import BadInputError
from lambdameter.workload.sam.template import SamFunction, Template

FILE = "template.yaml"
TEXT = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
Globals:
  Function:
    Timeout: 7
    Runtime: python3.12
    Environment:
      Variables: {STAGE: !Ref Stage, LEVEL: info}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Python:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: python/
      Handler: app.handler
      Environment:
        Variables: {LEVEL: debug, FLAG: true, COUNT: 3}
      Policies: [!Ref SomePolicy]
  Rust:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: orders}}
    Properties:
      CodeUri: rust/
      Handler: bootstrap
      Runtime: provided.al2023
      MemorySize: "512"
      Timeout: 9
      Architectures: [arm64]
"""


def read(text: str = TEXT, ids: tuple[str, ...] = ("Python", "Rust"), **given: str) -> Any:
    return Template(text.encode(), FILE, given).functions(ids)


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def test_functions_are_read_with_their_globals_and_sams_defaults() -> None:
    python, rust = read()
    assert python == SamFunction(
        logical_id="Python",
        code_uri="python/",
        handler="app.handler",
        runtime="python3.12",
        place=f"{FILE}:15",
        memory_mb=128,
        timeout_s=7,
        environment={"STAGE": "dev", "LEVEL": "debug", "FLAG": "true", "COUNT": "3"},
        architecture="x86_64",
    )
    assert (rust.memory_mb, rust.timeout_s, rust.architecture) == (512, 9, "arm64")
    assert (rust.runtime, rust.binary) == ("provided.al2023", "orders")
    assert rust.environment == {"STAGE": "dev", "LEVEL": "info"}


def test_a_parameter_that_is_given_is_used() -> None:
    assert read(Stage="prod")[0].environment["STAGE"] == "prod"


def test_its_functions_are_listed_in_their_order() -> None:
    assert Template(TEXT.encode(), FILE, {}).function_ids() == ("Python", "Rust")


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ("      CodeUri: python/\n", "", "Python has no CodeUri", 13),
        ("      Handler: app.handler\n", "", "Python has no Handler", 13),
        ("    Runtime: python3.12\n", "", "Python has no Runtime", 12),
        ("python3.12", "nodejs22.x", "Python uses the runtime nodejs22.x", 7),
        ("python3.12", "java21", "Python uses the runtime java21", 7),
        ("      Handler: app.handler", "      PackageType: Image", "is a container image", 16),
        ("      Handler: app.handler", "      ImageUri: 1.dkr.ecr/x", "has ImageUri", 16),
        ("      Handler: app.handler", "      InlineCode: |\n        x", "has InlineCode", 16),
        ("      Handler: app.handler", "      Layers: [!Ref L]", "has Layers", 16),
        ("Timeout: 7", "Timeout: soon", "value of Timeout in Python is not valid", 6),
        ('"512"', "half", "value of MemorySize in Rust is not valid", 27),
        ("[arm64]", "[riscv]", "value of Architectures in Rust is not valid", 29),
        ("[arm64]", "[]", "value of Architectures in Rust is not valid", 29),
        ("{STAGE: !Ref Stage, LEVEL: info}", "!If [a, b, c]", "has no list of Variables", 9),
        ("      Variables: {STAGE: !Ref Stage, LEVEL: info}", "      x: 1", "has no list", 9),
        (
            "CodeUri: python/",
            "CodeUri: {Bucket: b, Key: k}",
            "CodeUri in Python is not valid",
            15,
        ),
        ("CodeUri: python/", "CodeUri: !Sub '${Table}'", "known only after a deployment", 15),
    ],
)
def test_a_fault_is_one_error_with_its_line(old: str, new: str, says: str, line: int) -> None:
    with pytest.raises(BadInputError, match=says) as refused:
        read(changed(old, new))
    assert refused.value.place == f"{FILE}:{line}"
    assert refused.value.next_step


def test_all_values_that_cannot_be_resolved_are_named_and_each_once() -> None:
    text = changed("!Ref Stage", "!Ref Table").replace("COUNT: 3", "COUNT: !GetAtt Table.Arn")
    with pytest.raises(BadInputError, match="Table is known only after") as refused:
        read(text)
    assert refused.value.place == f"{FILE}:9"
    (note,) = refused.value.__notes__
    assert note.startswith("Fn::GetAtt cannot be resolved without AWS (template.yaml:18)")


def test_what_is_not_needed_may_be_unresolvable() -> None:
    assert read(changed("!Ref SomePolicy", "!ImportValue x"))


def test_no_value_leaves_a_property_to_its_default() -> None:
    assert read(changed('"512"', "!Ref AWS::NoValue"))[1].memory_mb == 128


@pytest.mark.parametrize("name", ["Table", "Nothing"])
def test_what_is_no_function_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(
        BadInputError, match=f"{name} is not an AWS::Serverless::Function"
    ) as refused:
        read(ids=("Python", name))
    assert "Python, Rust" in refused.value.next_step


@pytest.mark.parametrize("text", ["a: 1", "[1]", "text", "Resources: [1]", "Resources: x"])
def test_what_has_no_resources_is_no_template(text: str) -> None:
    with pytest.raises(BadInputError, match="The template has no Resources"):
        read(text)


@pytest.mark.parametrize(
    "resource", ["Python: 1", "Python: {Type: [x]}", "Python: {Properties: {}}", "Python: [1]"]
)
def test_a_resource_of_another_shape_is_no_function(resource: str) -> None:
    with pytest.raises(BadInputError, match="Python is not an AWS"):
        read(f"Resources:\n  {resource}", ("Python",))


@pytest.mark.parametrize(
    "properties", ["Properties: 1", "Properties: {Environment: 3}", "Properties: {Environment: {}}"]
)
def test_properties_of_another_shape_are_refused(properties: str) -> None:
    text = f"Resources:\n  Python:\n    Type: AWS::Serverless::Function\n    {properties}"
    with pytest.raises(BadInputError):
        read(text, ("Python",))


def test_an_unknown_parameter_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadInputError, match="no parameter named 'Stages'") as refused:
        read(Stages="prod")
    assert "Stage" in refused.value.next_step
