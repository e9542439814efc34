"""The policy of each function: only its own objects, tables, functions and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

# The only wildcards in a role, each below a known prefix, with its reason.
_WILDCARDS = {
    "connections": "An object for each connected page, named by the connection's id.",
    "data": "The workload's objects, one for each format.",
    "races": "Objects of each race, named by the race's id.",
}
_ANY_CONNECTION = "A connection's id is only known once the page has connected."


class FunctionArns(NamedTuple):
    """The ARNs that the policy of one function needs.

    Attributes:
        function: the function's name, as in race/race.toml.
        bucket: the race's bucket.
        tables: by lane.
        functions: by name.
        connections: POST to any connection of the WebSocket API's stage.
        log: the function's log group.
    """

    function: str
    bucket: str
    tables: Mapping[str, str]
    functions: Mapping[str, str]
    connections: str
    log: str

    def objects(self, prefix: str) -> str:
        """All objects below a prefix."""
        return f"{self.bucket}/{prefix}/*"


def statements(arns: FunctionArns) -> list[iam.PolicyStatement]:
    """All statements of one function's policy."""
    return [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], arns.log),
        _allow(["execute-api:ManageConnections"], arns.connections),
        *_STATEMENTS[arns.function](arns),
    ]


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Allow a construct to break rules of cdk-nag's AWS Solutions: rule -> reason."""
    for rule, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(
            cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason)
        )


def acknowledge_wildcards(role: IConstruct, bucket: str, api: str) -> None:
    """Allow a role's wildcards: prefixes of one bucket, and the connections of one API.

    Args:
        role: the role of a function.
        bucket: the bucket's logical id.
        api: the connections' ARN after the account, as cdk-nag writes it.
    """
    reasons = {f"<{bucket}.Arn>/{prefix}/*": reason for prefix, reason in _WILDCARDS.items()}
    account = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>"
    reasons[f"{account}:{api}/POST/@connections/*"] = _ANY_CONNECTION
    acknowledge(role, {f"IAM5[Resource::{arn}]": reason for arn, reason in reasons.items()})


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _connection(arns: FunctionArns) -> list[iam.PolicyStatement]:
    started = (arns.functions["runner"], arns.functions["verifier"])
    return [
        _allow(["s3:PutObject", "s3:DeleteObject"], arns.objects("connections")),
        _allow(["lambda:InvokeFunction"], *started),
    ]


def _runner(arns: FunctionArns) -> list[iam.PolicyStatement]:
    racers = (arns.functions["racer-python"], arns.functions["racer-rust"])
    return [
        # Without ListBucket, S3 answers 403 instead of 404 if there is no such object.
        _allow(["s3:ListBucket"], arns.bucket),
        _allow(["s3:GetObject", "s3:PutObject"], arns.objects("races")),
        _allow(["s3:DeleteObject"], arns.objects("connections")),
        _allow(["dynamodb:Scan", "dynamodb:BatchWriteItem"], *arns.tables.values()),
        # Each race sets the racers' memory size; the waiter for the update calls GetFunction.
        _allow(
            [
                "lambda:InvokeFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionConfiguration",
                "lambda:UpdateFunctionConfiguration",
            ],
            *racers,
        ),
    ]


def _verifier(arns: FunctionArns) -> list[iam.PolicyStatement]:
    return [
        _allow(["s3:ListBucket"], arns.bucket),
        _allow(["s3:GetObject", "s3:PutObject"], arns.objects("races")),
        _allow(["s3:GetObject"], f"{arns.bucket}/data/expected.ndjson"),
        _allow(["dynamodb:Scan"], *arns.tables.values()),
    ]


def _racer(arns: FunctionArns) -> list[iam.PolicyStatement]:
    lane = arns.function.removeprefix("racer-")
    return [
        _allow(["s3:GetObject"], arns.objects("data")),
        _allow(["s3:PutObject"], arns.objects("races")),
        _allow(["dynamodb:BatchWriteItem"], arns.tables[lane]),
    ]


_STATEMENTS = {
    "connection": _connection,
    "runner": _runner,
    "verifier": _verifier,
    "racer-python": _racer,
    "racer-rust": _racer,
}
