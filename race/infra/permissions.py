"""What each function may do: its own objects, tables, functions and connections, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

# The wildcards that a role may have, each behind a name that is known.
_WILDCARDS = {
    "connections": "An object for each page that watches, named by its connection.",
    "data": "The workload's objects, in each format.",
    "races": "An object for each race and lane, named by the race.",
}
_ANY_CONNECTION = "Pages come and go: a connection's id is known when it is there."


class Site(NamedTuple):
    """ARNs, for the policy of one function.

    Attributes:
        function: its own name, as in race/race.toml.
        bucket: of the race's data.
        tables: by lane.
        functions: by name.
        connections: POST to any connection of our API's stage.
        log: its own log group.
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


def statements(site: Site) -> list[iam.PolicyStatement]:
    """The whole policy of one function."""
    return [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], site.log),
        _allow(["execute-api:ManageConnections"], site.connections),
        *_OWN[site.function](site),
    ]


def acknowledged(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Rules of cdk-nag's AWS Solutions that a construct may break, each with its reason."""
    for rule, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(
            cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason)
        )


def acknowledge_wildcards(role: IConstruct, bucket: str, api: str) -> None:
    """The only wildcards that may be in a role: prefixes of one bucket, connections of one API.

    Args:
        role: of any of our functions.
        bucket: its logical id.
        api: the part of the connections' ARN behind the account, as cdk-nag writes it.
    """
    reasons = {f"<{bucket}.Arn>/{prefix}/*": why for prefix, why in _WILDCARDS.items()}
    account = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>"
    reasons[f"{account}:{api}/POST/@connections/*"] = _ANY_CONNECTION
    acknowledged(role, {f"IAM5[Resource::{what}]": why for what, why in reasons.items()})


def _allow(actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources))


def _connection(site: Site) -> list[iam.PolicyStatement]:
    begun = (site.functions["runner"], site.functions["verifier"])
    return [
        _allow(["s3:PutObject", "s3:DeleteObject"], site.objects("connections")),
        _allow(["lambda:InvokeFunction"], *begun),
    ]


def _runner(site: Site) -> list[iam.PolicyStatement]:
    racers = (site.functions["racer-python"], site.functions["racer-rust"])
    return [
        # Without ListBucket, S3 answers 403 and not 404 where there is no such object.
        _allow(["s3:ListBucket"], site.bucket),
        _allow(["s3:GetObject", "s3:PutObject"], site.objects("races")),
        _allow(["s3:DeleteObject"], site.objects("connections")),
        _allow(["dynamodb:Scan", "dynamodb:BatchWriteItem"], *site.tables.values()),
        # Their memory, which each race sets; the waiter for it asks by GetFunction.
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


def _verifier(site: Site) -> list[iam.PolicyStatement]:
    return [
        _allow(["s3:ListBucket"], site.bucket),
        _allow(["s3:GetObject", "s3:PutObject"], site.objects("races")),
        _allow(["s3:GetObject"], f"{site.bucket}/data/expected.ndjson"),
        _allow(["dynamodb:Scan"], *site.tables.values()),
    ]


def _racer(site: Site) -> list[iam.PolicyStatement]:
    lane = site.function.removeprefix("racer-")
    return [
        _allow(["s3:GetObject"], site.objects("data")),
        _allow(["s3:PutObject"], site.objects("races")),
        _allow(["dynamodb:BatchWriteItem"], site.tables[lane]),
    ]


_OWN = {
    "connection": _connection,
    "runner": _runner,
    "verifier": _verifier,
    "racer-python": _racer,
    "racer-rust": _racer,
}
