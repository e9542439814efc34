"""What the template must say; that it could be written at all means that cdk-nag is content."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lambdameter.race import declaration

# Beside the interpreter: a venv need not be on PATH.
LINT = Path(sys.executable).with_name("cfn-lint")
Resources = dict[str, Any]
# Names behind which a wildcard may stand, since what follows is not known before.
BEHIND = ("/@connections/*", "/connections/*", "/data/*", "/races/*")


def properties(resources: Resources, kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    """The policy of a function's role."""
    (about,) = [
        one
        for one in properties(resources, "AWS::Lambda::Function")
        if one["FunctionName"] == f"lambdameter-race-{function}"
    ]
    role = resources[about["Role"]["Fn::GetAtt"][0]]["Properties"]
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_is_what_the_race_needs_and_no_function_of_cdks_own(resources: Resources) -> None:
    assert Counter(one["Type"] for one in resources.values()) == {
        "AWS::S3::Bucket": 1,
        "AWS::S3::BucketPolicy": 1,
        "AWS::DynamoDB::Table": 2,
        "AWS::Lambda::Function": 5,
        "AWS::Lambda::EventInvokeConfig": 2,
        "AWS::Lambda::Permission": 6,
        "AWS::Logs::LogGroup": 5,
        "AWS::IAM::Role": 5,
        "AWS::ApiGatewayV2::Api": 1,
        "AWS::ApiGatewayV2::Integration": 1,
        "AWS::ApiGatewayV2::Route": 6,
        "AWS::ApiGatewayV2::Stage": 1,
    }


def test_the_api_has_six_routes(resources: Resources) -> None:
    routes = properties(resources, "AWS::ApiGatewayV2::Route")
    assert sorted(one["RouteKey"] for one in routes) == [
        "$connect",
        "$default",
        "$disconnect",
        "run",
        "verify",
        "warmup",
    ]
    (api,) = properties(resources, "AWS::ApiGatewayV2::Api")
    assert api["RouteSelectionExpression"] == "$request.body.action"


def test_functions_are_what_race_toml_says(resources: Resources) -> None:
    made = {one["FunctionName"]: one for one in properties(resources, "AWS::Lambda::Function")}
    for about in declaration.load().functions:
        function = made[f"lambdameter-race-{about.name}"]
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == about.runtime
        assert function["Handler"] == about.handler
        assert function["MemorySize"] == about.memory_mb
        assert function["Timeout"] == about.timeout_s
        assert set(function["Environment"]["Variables"]) == set(about.environment)


def test_both_racers_have_the_same_memory_and_time(resources: Resources) -> None:
    racers = [
        one
        for one in properties(resources, "AWS::Lambda::Function")
        if "racer" in one["FunctionName"]
    ]
    assert len({(one["MemorySize"], one["Timeout"]) for one in racers}) == 1


def test_a_wildcard_stands_behind_a_known_name(resources: Resources) -> None:
    for about in declaration.load().functions:
        for statement in statements(resources, about.name):
            assert not [one for one in as_list(statement["Action"]) if "*" in one]
            for resource in as_list(statement["Resource"]):
                text = json.dumps(resource)
                assert "*" not in text or any(f'{end}"' in text for end in BEHIND), text


@pytest.mark.parametrize(("lane", "other"), [("python", "rust"), ("rust", "python")])
def test_a_racer_writes_to_its_own_table_alone(resources: Resources, lane: str, other: str) -> None:
    policy = json.dumps(statements(resources, f"racer-{lane}"))
    assert f"Table{lane}" in policy
    assert f"Table{other}" not in policy


def may(resources: Resources, action: str) -> dict[str, set[str]]:
    """Function -> the functions that it may do this to."""
    allowed = {}
    for about in declaration.load().functions:
        policies = json.dumps(
            [
                one["Resource"]
                for one in statements(resources, about.name)
                if action in as_list(one["Action"])
            ]
        )
        allowed[about.name] = {
            one.name
            for one in declaration.load().functions
            if f":lambdameter-race-{one.name}" in policies
        }
    return allowed


def test_who_may_invoke_whom(resources: Resources) -> None:
    assert may(resources, "lambda:InvokeFunction") == {
        "connection": {"runner", "verifier"},
        "runner": {"racer-python", "racer-rust"},
        "verifier": set(),
        "racer-python": set(),
        "racer-rust": set(),
    }


@pytest.mark.parametrize(
    "action", ["UpdateFunctionConfiguration", "GetFunctionConfiguration", "GetFunction"]
)
def test_only_the_runner_sets_memory_and_only_the_racers(resources: Resources, action: str) -> None:
    allowed = {name: whom for name, whom in may(resources, f"lambda:{action}").items() if whom}
    assert allowed == {"runner": {"racer-python", "racer-rust"}}


def test_who_may_forget_a_connection(resources: Resources) -> None:
    allowed = {
        about.name: json.dumps(one["Resource"])
        for about in declaration.load().functions
        for one in statements(resources, about.name)
        if "s3:DeleteObject" in as_list(one["Action"])
    }
    assert allowed.keys() == {"connection", "runner"}
    assert all("/connections/*" in where for where in allowed.values())


def test_the_runner_can_wait_for_the_racers() -> None:
    functions = declaration.load().function
    assert functions("racer-python").timeout_s <= functions("runner").timeout_s - 120


def test_nothing_is_run_again_by_lambda_or_later_than_it_was_asked_for(
    resources: Resources,
) -> None:
    configs = properties(resources, "AWS::Lambda::EventInvokeConfig")
    limits = {(one["MaximumRetryAttempts"], one["MaximumEventAgeInSeconds"]) for one in configs}
    assert limits == {(0, 60)}


def test_logs_are_kept_three_days(resources: Resources) -> None:
    logs = properties(resources, "AWS::Logs::LogGroup")
    assert {one["RetentionInDays"] for one in logs} == {3}


def test_tables_are_on_demand(resources: Resources) -> None:
    tables = properties(resources, "AWS::DynamoDB::Table")
    assert {one["BillingMode"] for one in tables} == {"PAY_PER_REQUEST"}
    assert {one["TableName"] for one in tables} == {
        "lambdameter-race-python",
        "lambdameter-race-rust",
    }


def test_nothing_is_left_when_the_stack_is_deleted(resources: Resources) -> None:
    kept = [
        name for name, one in resources.items() if one.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert kept == []


def test_the_bucket_is_nobody_elses(resources: Resources) -> None:
    (bucket,) = properties(resources, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_only_the_tokens_hash_is_in_the_template(template_file: Path, resources: Resources) -> None:
    hashed = [
        one["FunctionName"]
        for one in properties(resources, "AWS::Lambda::Function")
        if "TOKEN_SHA256" in one["Environment"]["Variables"]
    ]
    assert hashed == ["lambdameter-race-connection"]
    assert template_file.read_text().count("5e" * 32) == 1


def test_cfn_lint_is_content(template_file: Path) -> None:
    """W3005 alone is left out: CDK says once more what a function's role makes it wait for."""
    linted = subprocess.run(
        [LINT, "--ignore-checks", "W3005", "--", str(template_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
