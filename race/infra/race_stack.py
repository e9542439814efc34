"""One stack: a bucket, two tables, five functions, a WebSocket API with six routes.

Nothing in it makes CDK add functions of its own: no BucketDeployment, no LogRetention, no
autoDeleteObjects. The data comes, and the bucket is emptied, by `lambdameter deploy` and `destroy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct
from permissions import Site, acknowledge_wildcards, acknowledged, statements

from lambdameter.model.race import Race, RaceFunction, RaceSite
from lambdameter.race import declaration as race

_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
_KEPT = logs.RetentionDays.THREE_DAYS
# Of the whole API, a second: twenty pages that connect at once, and little for anybody else.
_RATE, _BURST = 20, 40


class Settings(NamedTuple):
    """What `lambdameter deploy` decides.

    Attributes:
        packages: a function's name -> its zip.
        architecture: Lambda's name of it.
        token_sha256: of the token that starting a race needs, hexadecimal.
        table_key: the tables' partition key, a string.
    """

    packages: Mapping[str, str]
    architecture: str
    token_sha256: str
    table_key: str


class RaceStack(cdk.Stack):
    """See the module."""

    def __init__(self, scope: Construct, about: Race, settings: Settings) -> None:
        super().__init__(scope, about.name, description="lambdameter: the live race")
        self._race, self._settings = about, settings
        self._bucket = self._make_bucket()
        self._tables = {lane: self._make_table(lane) for lane in race.LANES}
        self._api = apigateway.WebSocketApi(
            self,
            "Api",
            api_name=about.name,
            route_selection_expression="$request.body.action",
        )
        self._made = {one.name: self._make_function(one) for one in about.functions}
        self._invoke_asynchronously()
        self._make_routes()
        cdk.CfnOutput(self, "Endpoint", value=f"{self._api.api_endpoint}/{race.STAGE}")
        cdk.CfnOutput(self, "Bucket", value=self._bucket.bucket_name)

    def _make_bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Data",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="closed-connections",
                    prefix="connections/",
                    expiration=cdk.Duration.days(1),
                ),
                s3.LifecycleRule(
                    id="broken-uploads",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
            ],
        )
        acknowledged(
            bucket,
            {"S1": "Generated data, read by two functions: a log of that would cost more."},
        )
        return bucket

    def _make_table(self, lane: str) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            f"Table-{lane}",
            table_name=race.resource(self._race, lane),
            partition_key=dynamodb.Attribute(
                name=self._settings.table_key, type=dynamodb.AttributeType.STRING
            ),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledged(table, {"DDB3": "Every race writes it anew: there is nothing to recover."})
        return table

    def _make_function(self, about: RaceFunction) -> lambda_.Function:
        name = race.resource(self._race, about.name)
        log = logs.LogGroup(
            self,
            f"Log-{about.name}",
            log_group_name=f"/aws/lambda/{name}",
            retention=_KEPT,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = self._make_role(about, log)
        site = RaceSite(
            bucket=self._bucket.bucket_name,
            connections_url=f"https://{self._api.api_id}.execute-api.{self.region}"
            f".{self.url_suffix}/{race.STAGE}",
            token_sha256=self._settings.token_sha256,
            table_key=self._settings.table_key,
        )
        function = lambda_.Function(
            self,
            f"Function-{about.name}",
            function_name=name,
            description=about.title,
            architecture=_ARCHITECTURES[self._settings.architecture],
            runtime=lambda_.Runtime(about.runtime),
            handler=about.handler,
            code=lambda_.Code.from_asset(self._settings.packages[about.name]),
            memory_size=about.memory_mb,
            timeout=cdk.Duration.seconds(about.timeout_s),
            environment=race.environment(self._race, about, site),
            log_group=log,
            role=role,
        )
        acknowledged(
            function,
            {"L1": "The runtime is the one that the variant is measured on (workload.toml)."},
        )
        return function

    def _make_role(self, about: RaceFunction, log: logs.LogGroup) -> iam.Role:
        site = Site(
            function=about.name,
            bucket=self._bucket.bucket_arn,
            tables={lane: table.table_arn for lane, table in self._tables.items()},
            functions={
                one.name: self.format_arn(
                    service="lambda",
                    resource="function",
                    resource_name=race.resource(self._race, one.name),
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
                for one in self._race.functions
            },
            connections=self.format_arn(
                service="execute-api",
                resource=self._api.api_id,
                resource_name=f"{race.STAGE}/POST/@connections/*",
            ),
            log=log.log_group_arn,
        )
        role = iam.Role(
            self,
            f"Role-{about.name}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"race": iam.PolicyDocument(statements=statements(site))},
        )
        acknowledge_wildcards(role, self._id(self._bucket), f"<{self._id(self._api)}>/{race.STAGE}")
        return role

    def _id(self, made: Construct) -> str:
        return self.get_logical_id(cast("cdk.CfnElement", made.node.default_child))

    def _invoke_asynchronously(self) -> None:
        """Soon or not at all, and no retries: nobody asks for a race that comes later."""
        for name in ("runner", "verifier"):
            self._made[name].configure_async_invoke(
                retry_attempts=0, max_event_age=cdk.Duration.minutes(1)
            )

    def _make_routes(self) -> None:
        integration = integrations.WebSocketLambdaIntegration("Routes", self._made["connection"])
        for key in race.ROUTES:
            route = self._api.add_route(key, integration=integration)
            acknowledged(
                route,
                {"APIG4": "Watching is free to all; `run`, which spends money, needs the token."},
            )
        stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self._api,
            stage_name=race.STAGE,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=_RATE, burst_limit=_BURST),
        )
        acknowledged(
            stage,
            {"APIG1": "Access logs need a role that is one for the account's whole API Gateway."},
        )
