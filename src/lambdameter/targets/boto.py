"""AWS and the emulator, through boto3; they differ only in endpoints and credentials."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
    WaiterError,
)

from lambdameter.errors import BadInputError, LambdameterError, TargetError
from lambdameter.model import report_line
from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.base import Architecture
from lambdameter.model.sample import Invocation, TargetInfo
from lambdameter.model.workload import Table
from lambdameter.targets import pages
from lambdameter.targets.base import Function, Item

if TYPE_CHECKING:
    from botocore.paginate import PageIterator
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client

# Lambda's longest timeout is 900 s; boto3's default of 60 s would give up on a slow function,
# and its retries would silently invoke it again.
_READ_TIMEOUT_S = 910
_CONNECT_TIMEOUT_S = 10
# A round trip of the internet, for a caller outside of the region.
_REST_S = 0.1
_ATTEMPTS = 3
_MARKER = "LAMBDAMETER_ENVIRONMENT"
_LOCAL_ROLE = "arn:aws:iam::000000000000:role/lambdameter"
_SERVER_FAULT = 500
# A refused connection on loopback is final: the process was killed.
_LOCAL_ATTEMPTS = 2
# The connection broke after it was made: the function may have run.
_BROKEN = (ConnectionClosedError, ReadTimeoutError, ResponseStreamingError)
# More than the 1 MB of a page holds. Without a limit, the local engine reads the whole rest of a
# table for each page: for a million items, hundreds of times.
_SCANNED_AT_ONCE = 10_000
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_WRITTEN_AT_ONCE = 25
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 10.0
_FIRST_REGION = "us-east-1"  # the one whose name CreateBucket does not take


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of the emulator and its local services, and credentials that they accept."""

    functions: str
    s3: str
    dynamodb: str
    ca_bundle: str
    access_key_id: str
    secret_access_key: str


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a target.

    Attributes:
        architecture: architecture of the functions on AWS; the emulator reports its own.
        role: ARN of the functions' execution role; AWS only.
        endpoints: the emulator's endpoints; None: AWS.
    """

    region: str
    architecture: Architecture
    role: str | None = None
    endpoints: Endpoints | None = None


class BotoTarget:
    """See base.Target."""

    def __init__(self, options: Options) -> None:
        if options.endpoints is None and options.role is None:
            raise BadInputError(
                "Functions on AWS need an execution role, and none was given",
                place="--target aws",
                next_step="Give the role's ARN with --role; it needs permissions for S3, "
                "DynamoDB and CloudWatch Logs.",
            )
        self._options = options
        self._role = options.role or _LOCAL_ROLE
        self._session = boto3.Session(region_name=options.region)
        local = options.endpoints
        functions = local.functions if local else None
        self._lambda: LambdaClient = self._client("lambda", functions)
        self._invoking: LambdaClient = self._client("lambda", functions, attempts=1)
        attempts = _LOCAL_ATTEMPTS if local else _ATTEMPTS
        self._s3: S3Client = self._client("s3", local.s3 if local else None, attempts)
        self._dynamodb: DynamoDBClient = self._client(
            "dynamodb", local.dynamodb if local else None, attempts
        )
        pages.decode_fast(self._dynamodb)

    def info(self) -> TargetInfo:
        """The description in the host header of an answer; a target without this header is AWS."""
        with _translated_errors("Lambda"):
            answer = self._lambda.list_functions(MaxItems=1)
        local = report_line.parse_host(answer["ResponseMetadata"]["HTTPHeaders"])
        return local or TargetInfo(
            name="aws", region=self._options.region, architecture=self._options.architecture
        )

    def deploy(self, artifact: Artifact, function: Function) -> Deployment:
        """CreateFunction, and the function_active_v2 waiter."""
        runtime: Any = artifact.runtime  # the stubs list the runtimes of their own day
        with _translated_errors("Lambda", function.name):
            self._lambda.create_function(
                FunctionName=function.name,
                Runtime=runtime,
                Role=self._role,
                Handler=artifact.handler,
                Code={"ZipFile": Path(artifact.path).read_bytes()},
                Timeout=function.timeout_s,
                MemorySize=function.memory_mb,
                Environment={"Variables": dict(function.environment)},
                Architectures=[artifact.architecture],
            )
            self._lambda.get_waiter("function_active_v2").wait(FunctionName=function.name)
        return Deployment(
            function=function.name, variant=artifact.variant, artifact_sha256=artifact.sha256
        )

    def remove(self, deployment: Deployment) -> None:
        """DeleteFunction."""
        with _translated_errors("Lambda", deployment.function):
            self._lambda.delete_function(FunctionName=deployment.function)

    def force_cold(self, deployment: Deployment, memory_mb: int, marker: str) -> None:
        """UpdateFunctionConfiguration, and the function_updated_v2 waiter."""
        name = deployment.function
        with _translated_errors("Lambda", name):
            configuration = self._lambda.get_function_configuration(FunctionName=name)
            variables = configuration.get("Environment", {}).get("Variables", {})
            self._lambda.update_function_configuration(
                FunctionName=name,
                MemorySize=memory_mb,
                Environment={"Variables": {**variables, _MARKER: marker}},
            )
            self._lambda.get_waiter("function_updated_v2").wait(FunctionName=name)

    def invoke(self, deployment: Deployment, payload: bytes) -> Invocation:
        """Invoke with the log's tail, by a client that waits 910 s and never retries."""
        with _translated_errors("Lambda", deployment.function):
            started = time.perf_counter()
            try:
                answer = self._invoking.invoke(
                    FunctionName=deployment.function, Payload=payload, LogType="Tail"
                )
                body = answer["Payload"].read()
            except _BROKEN as broken:
                return _refused(0, type(broken).__name__, str(broken), started)
            except ClientError as refusal:
                status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
                if status >= _SERVER_FAULT:
                    raise
                error = refusal.response["Error"]
                return _refused(status, error["Code"], error["Message"], started)
            client_ms = _since_ms(started)
        return Invocation(
            status=answer["StatusCode"],
            payload=body,
            function_error=answer.get("FunctionError"),
            log_tail=base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"),
            headers=answer["ResponseMetadata"]["HTTPHeaders"],
            client_ms=client_ms,
        )

    def rest(self) -> None:
        """Sleep as long as a round trip to AWS takes; on AWS there is one anyway."""
        if self._options.endpoints is not None:
            time.sleep(_REST_S)

    def create_bucket(self, bucket: str) -> None:
        """CreateBucket in the target's region."""
        with _translated_errors("S3", bucket):
            if self._options.region == _FIRST_REGION:
                self._s3.create_bucket(Bucket=bucket)
            else:
                where: Any = {"LocationConstraint": self._options.region}
                self._s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """PutObject, in one part."""
        with _translated_errors("S3", f"{bucket}/{key}"), file.open("rb") as content:
            self._s3.put_object(Bucket=bucket, Key=key, Body=content)

    def delete_object(self, bucket: str, key: str) -> None:
        """DeleteObject."""
        with _translated_errors("S3", f"{bucket}/{key}"):
            self._s3.delete_object(Bucket=bucket, Key=key)

    def remove_bucket(self, bucket: str) -> None:
        """DeleteBucket."""
        with _translated_errors("S3", bucket):
            self._s3.delete_bucket(Bucket=bucket)

    def create_table(self, name: str, table: Table) -> None:
        """CreateTable on demand, and the table_exists waiter."""
        keys = [(table.partition_key, "HASH")]
        if table.sort_key is not None:
            keys.append((table.sort_key, "RANGE"))
        attributes: Any = [{"AttributeName": k.name, "AttributeType": k.type} for k, _ in keys]
        schema: Any = [{"AttributeName": k.name, "KeyType": role} for k, role in keys]
        with _translated_errors("DynamoDB", name):
            self._dynamodb.create_table(
                TableName=name,
                AttributeDefinitions=attributes,
                KeySchema=schema,
                BillingMode="PAY_PER_REQUEST",
            )
            self._dynamodb.get_waiter("table_exists").wait(
                TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )

    def put_items(self, name: str, items: Iterable[Item]) -> None:
        """BatchWriteItem in batches of 25, each repeated until no item is unprocessed."""
        rest = (pages.with_bytes(item) for item in items)
        while batch := list(itertools.islice(rest, _WRITTEN_AT_ONCE)):
            requests: Any = [{"PutRequest": {"Item": item}} for item in batch]
            pause_s = _FIRST_PAUSE_S
            while requests:
                with _translated_errors("DynamoDB", name):
                    answer = self._dynamodb.batch_write_item(RequestItems={name: requests})
                requests = answer.get("UnprocessedItems", {}).get(name, [])
                if requests and pause_s > _LAST_PAUSE_S:
                    raise TargetError(
                        f"DynamoDB repeatedly left {len(requests)} items unprocessed",
                        place=name,
                        next_step="The table's throughput is probably used up: check its metrics.",
                    )
                if requests:
                    time.sleep(pause_s)
                    pause_s *= 2

    def scan(self, name: str) -> Iterator[Item]:
        """Scan, page by page, consistently read."""
        start: dict[str, Any] = {}
        while True:
            with _translated_errors("DynamoDB", name):
                page: Any = self._dynamodb.scan(
                    TableName=name, ConsistentRead=True, Limit=_SCANNED_AT_ONCE, **start
                )
            yield from page.get("Items", ())
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def get_item(self, name: str, key: Item) -> Item | None:
        """GetItem, consistently read."""
        typed_key: Any = pages.with_bytes(key)
        with _translated_errors("DynamoDB", name):
            answer: Any = self._dynamodb.get_item(
                TableName=name, Key=typed_key, ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return item

    def delete_table(self, name: str) -> None:
        """DeleteTable; AWS continues to delete in the background."""
        with _translated_errors("DynamoDB", name):
            self._dynamodb.delete_table(TableName=name)

    def clear(self, prefix: str) -> tuple[str, ...]:
        """List all resources in this region, and delete those whose name has the prefix.

        ListBuckets can filter by prefix (API_ListBuckets); the local S3 may not, and ListFunctions
        and ListTables cannot. A bucket must be empty to be deleted.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
        """
        removed = []
        with _translated_errors("Lambda", f"{prefix}*"):
            functions = self._lambda.get_paginator("list_functions").paginate()
            for name in _named(prefix, functions, "Functions[].FunctionName"):
                self._lambda.delete_function(FunctionName=name)
                removed.append(f"function {name}")
        with _translated_errors("DynamoDB", f"{prefix}*"):
            tables = self._dynamodb.get_paginator("list_tables").paginate()
            for name in _named(prefix, tables, "TableNames[]"):
                self._dynamodb.delete_table(TableName=name)
                removed.append(f"table {name}")
        with _translated_errors("S3", f"{prefix}*"):
            buckets = self._s3.get_paginator("list_buckets").paginate(Prefix=prefix)
            for name in _named(prefix, buckets, "Buckets[].Name"):
                objects = self._s3.get_paginator("list_objects_v2").paginate(Bucket=name)
                for key in _named("", objects, "Contents[].Key"):
                    self._s3.delete_object(Bucket=name, Key=key)
                self._s3.delete_bucket(Bucket=name)
                removed.append(f"bucket {name}")
        return tuple(removed)

    def _client(self, service: str, endpoint: str | None, attempts: int = _ATTEMPTS) -> Any:
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            tcp_keepalive=True,
            request_checksum_calculation="when_required",
        )
        local = self._options.endpoints
        there: dict[str, Any] = {}
        if local is not None:
            there = {
                "endpoint_url": endpoint,
                "verify": local.ca_bundle,
                "aws_access_key_id": local.access_key_id,
                "aws_secret_access_key": local.secret_access_key,
            }
        return self._session.client(service, config=config, **there)  # type: ignore[call-overload]


def _named(prefix: str, pages: PageIterator[Any], path: str) -> list[str]:
    """All names with a prefix, read before the first deletion, which would move the pages."""
    return [name for name in pages.search(path) if name and name.startswith(prefix)]


@contextmanager
def _translated_errors(service: str, place: str | None = None) -> Iterator[None]:
    """Raise boto3's errors as TargetError, with the names of service and resource."""
    try:
        yield
    except (BotoCoreError, ClientError, WaiterError) as failure:
        raise _explained(service, place, failure) from failure


def _explained(service: str, place: str | None, failure: Exception) -> LambdameterError:
    next_step = f"Check that {service} is reachable; for AWS, try `aws sts get-caller-identity`."
    if isinstance(failure, ClientError):
        status = failure.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        next_step = (
            "The service itself failed: read its message, and start again."
            if status >= _SERVER_FAULT
            else "Check the permissions, quotas and names in this message."
        )
    return TargetError(f"{service} failed: {failure}", place=place, next_step=next_step)


def _refused(status: int, kind: str, message: str, started: float) -> Invocation:
    return Invocation(
        status=status,
        payload=msgspec.json.encode({"errorType": kind, "errorMessage": message}),
        function_error=None,
        log_tail="",
        headers={},
        client_ms=_since_ms(started),
    )


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
