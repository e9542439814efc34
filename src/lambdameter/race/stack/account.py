"""What CDK does not do: check credentials, upload data, remove a stack with all its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    WaiterError,
)

from lambdameter.errors import HostError, TargetError

# A page that connects or disconnects meanwhile adds an object, and a bucket must be empty.
_TRIES = 3
Client = Callable[[str], Any]


class Account:
    """An AWS account in one region.

    Args:
        region: AWS's name of it.
        client: makes a boto3 client by the service's name; None: with the user's credentials.
    """

    def __init__(self, region: str, client: Client | None = None) -> None:
        self.region = region
        self._client: Client = client or _client_factory(region)

    def check(self) -> None:
        """Check the credentials. Raises HostError if there are none."""
        with _aws_errors("STS"):
            self._client("sts").get_caller_identity()

    def upload(self, bucket: str, files: Mapping[str, Path]) -> None:
        """Upload files to a bucket: key -> file."""
        s3 = self._client("s3")
        for key, file in files.items():
            with _aws_errors("S3", f"s3://{bucket}/{key}"):
                s3.upload_file(str(file), bucket, key)

    def bucket(self, stack: str) -> str | None:
        """The name of a stack's bucket; None if there is no such stack."""
        with _aws_errors("CloudFormation", stack):
            try:
                cloudformation = self._client("cloudformation")
                (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
            except ClientError as error:
                # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
                if "does not exist" in error.response["Error"]["Message"]:
                    return None
                raise
        outputs = {
            output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])
        }
        return str(outputs.get("Bucket", ""))

    def remove(self, stack: str) -> bool:
        """Delete a stack and everything in its bucket; False if there is no such stack.

        Raises:
            TargetError: a part of the stack is left.
        """
        bucket = self.bucket(stack)
        if bucket is None:
            return False
        cloudformation = self._client("cloudformation")
        for attempt in range(1, _TRIES + 1):
            if bucket:
                self._empty(bucket)
            with _aws_errors("CloudFormation", stack):
                cloudformation.delete_stack(StackName=stack)
                try:
                    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
                except WaiterError:
                    if attempt == _TRIES:
                        raise
                else:
                    break
        return True

    def _empty(self, bucket: str) -> None:
        s3 = self._client("s3")
        with _aws_errors("S3", f"s3://{bucket}"):
            try:
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                    keys = [{"Key": content["Key"]} for content in page.get("Contents", [])]
                    if keys:
                        _check_deleted(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}))
            except s3.exceptions.NoSuchBucket:
                return  # an earlier attempt deleted the bucket


def _client_factory(region: str) -> Client:
    session = boto3.Session(region_name=region)

    def client(service: str) -> Any:
        return session.client(service)  # type: ignore[call-overload]  # the stubs know three services only

    return client


def _check_deleted(answer: Mapping[str, Any]) -> None:
    for error in answer.get("Errors", []):
        raise TargetError(
            f"S3 could not delete an object: {error.get('Message', error.get('Code'))}",
            place=error["Key"],
            next_step="Check that you have the permission s3:DeleteObject, and type "
            "`lambdameter destroy` again.",
        )


@contextmanager
def _aws_errors(service: str, place: str | None = None) -> Iterator[None]:
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as failure:
        raise HostError(
            "No AWS credentials were found",
            place="the environment and ~/.aws",
            next_step="Type `aws configure`, or set AWS_PROFILE.",
        ) from failure
    except (BotoCoreError, ClientError, WaiterError) as failure:
        raise TargetError(
            f"{service} failed: {failure}",
            place=place,
            next_step="Check the permissions and names in this message, and try again.",
        ) from failure
