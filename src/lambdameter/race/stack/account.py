"""What CDK does not do: who we are, the data's upload, and a stack's removal with all it holds."""

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

# An object that a page's leaving or coming puts there while the stack is deleted stops that.
_TRIES = 3
Client = Callable[[str], Any]


class Account:
    """An AWS account in one region.

    Args:
        region: AWS's name of it.
        client: a boto3 client by the service's name; None: of the user's own credentials.
    """

    def __init__(self, region: str, client: Client | None = None) -> None:
        self.region = region
        self._client: Client = client or _own(region)

    def check(self) -> None:
        """Whether AWS lets us in. Raises HostError where there are no credentials."""
        with _asking("STS"):
            self._client("sts").get_caller_identity()

    def upload(self, bucket: str, files: Mapping[str, Path]) -> None:
        """Put files into a bucket, key -> file."""
        s3 = self._client("s3")
        for key, file in files.items():
            with _asking("S3", f"s3://{bucket}/{key}"):
                s3.upload_file(str(file), bucket, key)

    def bucket(self, stack: str) -> str | None:
        """The bucket of a stack; None where there is no such stack."""
        with _asking("CloudFormation", stack):
            try:
                (found,) = self._client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            except ClientError as error:
                # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
                if "does not exist" in error.response["Error"]["Message"]:
                    return None
                raise
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        return str(outputs.get("Bucket", ""))

    def remove(self, stack: str) -> bool:
        """Delete a stack and all that its bucket holds; whether there was one.

        Raises:
            TargetError: something of it is left.
        """
        bucket = self.bucket(stack)
        if bucket is None:
            return False
        cloudformation = self._client("cloudformation")
        for tries in range(1, _TRIES + 1):
            if bucket:
                self._empty(bucket)
            with _asking("CloudFormation", stack):
                cloudformation.delete_stack(StackName=stack)
                try:
                    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
                except WaiterError:
                    if tries == _TRIES:
                        raise
                else:
                    break
        return True

    def _empty(self, bucket: str) -> None:
        s3 = self._client("s3")
        with _asking("S3", f"s3://{bucket}"):
            try:
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                    keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
                    if keys:
                        _all_deleted(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}))
            except s3.exceptions.NoSuchBucket:
                return  # an earlier try got so far


def _own(region: str) -> Client:
    session = boto3.Session(region_name=region)

    def client(service: str) -> Any:
        return session.client(service)  # type: ignore[call-overload]  # the stubs know three

    return client


def _all_deleted(answer: Mapping[str, Any]) -> None:
    for left in answer.get("Errors", []):
        raise TargetError(
            f"S3 could not delete an object: {left.get('Message', left.get('Code'))}",
            place=left["Key"],
            next_step="Check that you have the permission s3:DeleteObject, and type "
            "`lambdameter destroy` again.",
        )


@contextmanager
def _asking(service: str, place: str | None = None) -> Iterator[None]:
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
