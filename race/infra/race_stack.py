"""One stack: a bucket, two tables, five functions, a WebSocket API with six routes.

No construct makes CDK add functions of its own: no BucketDeployment, no LogRetention, no
autoDeleteObjects. `lambdameter deploy` uploads the data, and `lambdameter destroy` empties the
bucket.
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
from permissions import FunctionArns, acknowledge, acknowledge_wildcards, statements

from lambdameter.model.race_declaration import RaceDeclaration, RaceFunction, RaceResources
from lambdameter.race import declaration

_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
_LOG_RETENTION = logs.RetentionDays.THREE_DAYS
# Messages a second for the whole API: enough for twenty pages that connect at once.
_RATE, _BURST = 20, 40


class Settings(NamedTuple):
    """The settings that `lambdameter deploy` passes.

    Attributes:
        packages: a function's name -> its zip file.
        architecture: arm64 or x86_64.
        token_sha256: SHA-256 of the token that starting a race needs, hexadecimal.
        table_key: the tables' partition key, a string.
    """

    packages: Mapping[str, str]
    architecture: str
    token_sha256: str
    table_key: str


class RaceStack(cdk.Stack):
    """The whole race."""

    def __init__(self, scope: Construct, declared: RaceDeclaration, settings: Settings) -> None:
        super().__init__(scope, declared.name, description="lambdameter: the live race")
        self._race, self._settings = declared, settings
        self._bucket = self._make_bucket()
        self._tables = {lane: self._make_table(lane) for lane in declaration.LANES}
        self._api = apigateway.WebSocketApi(
            self,
            "Api",
            api_name=declared.name,
            route_selection_expression="$request.body.action",
        )
        self._functions = {
            function.name: self._make_function(function) for function in declared.functions
        }
        self._invoke_asynchronously()
        self._make_routes()
        cdk.CfnOutput(self, "Endpoint", value=f"{self._api.api_endpoint}/{declaration.STAGE}")
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
        acknowledge(
            bucket,
            {"S1": "Generated data, read by two functions: an access log would cost more."},
        )
        return bucket

    def _make_table(self, lane: str) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            f"Table-{lane}",
            table_name=declaration.resource(self._race, lane),
            partition_key=dynamodb.Attribute(
                name=self._settings.table_key, type=dynamodb.AttributeType.STRING
            ),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            table, {"DDB3": "Every race writes the table again: there is nothing to recover."}
        )
        return table

    def _make_function(self, declared: RaceFunction) -> lambda_.Function:
        name = declaration.resource(self._race, declared.name)
        log = logs.LogGroup(
            self,
            f"Log-{declared.name}",
            log_group_name=f"/aws/lambda/{name}",
            retention=_LOG_RETENTION,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = self._make_role(declared, log)
        resources = RaceResources(
            bucket=self._bucket.bucket_name,
            connections_url=f"https://{self._api.api_id}.execute-api.{self.region}"
            f".{self.url_suffix}/{declaration.STAGE}",
            token_sha256=self._settings.token_sha256,
            table_key=self._settings.table_key,
        )
        function = lambda_.Function(
            self,
            f"Function-{declared.name}",
            function_name=name,
            description=declared.title,
            architecture=_ARCHITECTURES[self._settings.architecture],
            runtime=lambda_.Runtime(declared.runtime),
            handler=declared.handler,
            code=lambda_.Code.from_asset(self._settings.packages[declared.name]),
            memory_size=declared.memory_mb,
            timeout=cdk.Duration.seconds(declared.timeout_s),
            environment=declaration.environment(self._race, declared, resources),
            log_group=log,
            role=role,
        )
        acknowledge(
            function,
            {"L1": "Each variant is measured on this runtime (workload.toml)."},
        )
        return function

    def _make_role(self, declared: RaceFunction, log: logs.LogGroup) -> iam.Role:
        arns = FunctionArns(
            function=declared.name,
            bucket=self._bucket.bucket_arn,
            tables={lane: table.table_arn for lane, table in self._tables.items()},
            functions={
                function.name: self.format_arn(
                    service="lambda",
                    resource="function",
                    resource_name=declaration.resource(self._race, function.name),
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
                for function in self._race.functions
            },
            connections=self.format_arn(
                service="execute-api",
                resource=self._api.api_id,
                resource_name=f"{declaration.STAGE}/POST/@connections/*",
            ),
            log=log.log_group_arn,
        )
        role = iam.Role(
            self,
            f"Role-{declared.name}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"race": iam.PolicyDocument(statements=statements(arns))},
        )
        acknowledge_wildcards(
            role, self._id(self._bucket), f"<{self._id(self._api)}>/{declaration.STAGE}"
        )
        return role

    def _id(self, made: Construct) -> str:
        return self.get_logical_id(cast("cdk.CfnElement", made.node.default_child))

    def _invoke_asynchronously(self) -> None:
        """No retries and no long queueing: nobody waits for a race that starts later."""
        for name in ("runner", "verifier"):
            self._functions[name].configure_async_invoke(
                retry_attempts=0, max_event_age=cdk.Duration.minutes(1)
            )

    def _make_routes(self) -> None:
        integration = integrations.WebSocketLambdaIntegration(
            "Routes", self._functions["connection"]
        )
        for key in declaration.ROUTES:
            route = self._api.add_route(key, integration=integration)
            acknowledge(
                route,
                {"APIG4": "Anyone may watch; `run`, which costs money, needs the token."},
            )
        stage = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self._api,
            stage_name=declaration.STAGE,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=_RATE, burst_limit=_BURST),
        )
        acknowledge(
            stage,
            {"APIG1": "Access logs need a role for the whole account's API Gateway."},
        )
