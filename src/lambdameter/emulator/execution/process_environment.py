"""The environment variables that a function's process starts with.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from __future__ import annotations

import msgspec

TASK_ROOT = "/var/task"
RUNTIME_DIR = "/var/runtime"
LANG_DIR = "/var/lang"
CA_DIR = "/var/lambdameter"

# Every SDK takes the endpoint of `apigatewaymanagementapi` from this variable:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
CONNECTIONS_URL = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"

# Lambda refuses these in a function's configuration (the page above, "Reserved").
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Names and credentials of one execution environment, different from all others'.

    Attributes:
        name: 32 hexadecimal digits, the end of its log stream's name.
        access_key_id: of its own credentials; the local services count requests by it.
    """

    name: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    log_stream: str


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """URLs of the local services, and the file on the host with the authorities to trust."""

    dynamodb: str
    s3: str
    ca_bundle: str

    @property
    def ca_bundle_inside(self) -> str:
        """The CA bundle's path as the function sees it."""
        return f"{CA_DIR}/{self.ca_bundle.rsplit('/', 1)[-1]}"


class FunctionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a function's configuration that its process sees."""

    name: str
    memory_mb: int
    handler: str
    runtime: str
    variables: dict[str, str]

    @property
    def managed(self) -> bool:
        """Whether AWS provides the language; False: an OS-only runtime."""
        return not self.runtime.startswith("provided")


def process_environment(  # noqa: PLR0913 - each is a fact of its own
    facts: FunctionFacts,
    identity: Identity,
    *,
    region: str,
    runtime_api: str,
    endpoints: Endpoints | None,
    connections: str | None = None,
) -> dict[str, str]:
    """AWS's variables and the services' addresses; the user's own replace what Lambda allows.

    Args:
        facts: of the function.
        identity: of the environment.
        region: AWS_REGION.
        runtime_api: host:port of the environment's Runtime API.
        endpoints: of the local services; None: there are none.
        connections: URL of the WebSocket API's @connections; None: there is no such API.
    """
    return (
        _unreserved(managed=facts.managed)
        | _service_variables(endpoints)
        | ({CONNECTIONS_URL: connections} if connections else {})
        | facts.variables
        | _reserved(facts, identity, region, runtime_api)
    )


def _unreserved(*, managed: bool) -> dict[str, str]:
    lang_bin = f"{LANG_DIR}/bin:" if managed else ""
    lang_lib = f"{LANG_DIR}/lib:" if managed else ""
    variables = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{lang_bin}/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LD_LIBRARY_PATH": f"{lang_lib}/lib64:/usr/lib64:{RUNTIME_DIR}:{RUNTIME_DIR}/lib:"
        f"{TASK_ROOT}:{TASK_ROOT}/lib:/opt/lib",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    return variables | ({"PYTHONPATH": RUNTIME_DIR} if managed else {})


def _service_variables(endpoints: Endpoints | None) -> dict[str, str]:
    if endpoints is None:
        return {}
    # boto3 reads AWS_CA_BUNDLE, aws-sdk-rust's rustls SSL_CERT_FILE.
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb,
        "AWS_ENDPOINT_URL_S3": endpoints.s3,
        "AWS_CA_BUNDLE": endpoints.ca_bundle_inside,
        "SSL_CERT_FILE": endpoints.ca_bundle_inside,
    }


def _reserved(
    facts: FunctionFacts, identity: Identity, region: str, runtime_api: str
) -> dict[str, str]:
    variables = {
        "_HANDLER": facts.handler,
        "AWS_ACCESS_KEY_ID": identity.access_key_id,
        "AWS_SECRET_ACCESS_KEY": identity.secret_access_key,
        "AWS_SESSION_TOKEN": identity.session_token,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(facts.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": facts.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{facts.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": identity.log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_RUNTIME_DIR": RUNTIME_DIR,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
    }
    if facts.managed:
        variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{facts.runtime}"
    return variables
