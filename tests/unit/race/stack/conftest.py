from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, WaiterError

from lambdameter.race.stack.account import Account


class FakeAws:
    """STS, S3 and CloudFormation of one account, with at most one stack.

    Attributes:
        objects: of the stack's bucket.
        late: keys that turn up there after it was emptied, one a try.
        undeletable: keys that S3 refuses to delete.
        done: what was asked, in order.
    """

    class NoSuchBucketError(Exception):
        pass

    def __init__(self) -> None:
        self.stacks: set[str] = set()
        self.objects: dict[str, str] = {}
        self.late: list[str] = []
        self.undeletable: set[str] = set()
        self.has_credentials = True
        self.done: list[str] = []

    def __call__(self, _service: str) -> FakeAws:
        return self

    @property
    def exceptions(self) -> Any:
        return type("Exceptions", (), {"NoSuchBucket": self.NoSuchBucketError})

    def get_caller_identity(self) -> None:
        if not self.has_credentials:
            raise NoCredentialsError

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        assert bucket == "b"
        self.objects[key] = file

    def describe_stacks(self, **asked: str) -> dict[str, Any]:
        if asked["StackName"] not in self.stacks:
            missing = "Stack with id race does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": missing}}, "DescribeStacks"
            )
        return {"Stacks": [{"Outputs": [{"OutputKey": "Bucket", "OutputValue": "b"}]}]}

    def get_paginator(self, _: str) -> FakeAws:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        keys = sorted(self.objects)
        if not keys:
            yield {}
        for start in range(0, len(keys), 1_000):
            yield {"Contents": [{"Key": key} for key in keys[start : start + 1_000]]}

    def delete_objects(self, **asked: Any) -> dict[str, Any]:
        errors = []
        for one in asked["Delete"]["Objects"]:
            if one["Key"] in self.undeletable:
                errors.append({"Key": one["Key"], "Message": "Access Denied"})
            else:
                del self.objects[one["Key"]]
        self.done.append("emptied")
        return {"Errors": errors}

    def delete_stack(self, **_: str) -> None:
        self.done.append("deleted")
        if self.late:
            self.objects[self.late.pop()] = ""

    def get_waiter(self, _: str) -> FakeAws:
        return self

    def wait(self, **asked: str) -> None:
        if self.objects:
            raise WaiterError("StackDeleteComplete", "DELETE_FAILED", {})
        self.stacks.discard(asked["StackName"])


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def account(aws: FakeAws) -> Account:
    return Account("eu-west-1", aws)


@pytest.fixture
def deployed(aws: FakeAws) -> Callable[..., None]:
    def there(*keys: str) -> None:
        aws.stacks.add("race")
        aws.objects |= dict.fromkeys(keys, "")

    return there
