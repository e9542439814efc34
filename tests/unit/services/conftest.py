"""The built data plane, started as the emulator starts it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import boto3
import msgspec
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambdameter import binaries

REGION = "eu-west-1"


class DataPlane(msgspec.Struct, frozen=True):
    """A running data plane: its process, and what it announced."""

    process: subprocess.Popen[str]
    announced: dict[str, Any]
    stack: ExitStack

    def client(
        self,
        service: Literal["dynamodb", "s3"],
        access_key: str = "AKIDTEST",
        signature: str | None = None,
        attempts: int = 1,
        *,
        plain: bool = False,
    ) -> Any:
        endpoint = self.announced[service]
        client = boto3.client(
            service,
            endpoint_url=endpoint.replace("https:", "http:") if plain else endpoint,
            verify=self.announced["ca_bundle"],
            region_name=REGION,
            aws_access_key_id=access_key,
            aws_secret_access_key="any",
            config=Config(
                signature_version=signature,
                retries={"mode": "standard", "total_max_attempts": attempts},
            ),
        )
        self.stack.callback(client.close)
        return client

    def admin(self, path: str, method: str = "GET") -> bytes:
        url = self.announced["admin"] + path
        request = urllib.request.Request(url, method=method)  # noqa: S310 - our own address
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return bytes(answer.read())

    def usage(self, access_key: str) -> dict[str, Any]:
        return dict(json.loads(self.admin(f"/usage/{access_key}")))


@pytest.fixture(scope="session")
def binary() -> str:
    return str(binaries.find("lambdameter-services"))


@pytest.fixture
def start(binary: str, tmp_path: Path) -> Iterator[Callable[..., DataPlane]]:
    """Starts data planes with the flags given; all of them end with the test."""
    with ExitStack() as stack:

        def started(*flags: str) -> DataPlane:
            command = [binary, "--state", str(tmp_path / "state"), *flags]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            return DataPlane(process, json.loads(process.stdout.readline()), stack)

        yield started


@pytest.fixture
def plane(start: Callable[..., DataPlane]) -> DataPlane:
    """A data plane without modelled latency."""
    return start("--latency", "off")


BUCKET = "records"


@pytest.fixture
def s3(plane: DataPlane) -> Any:
    """A client of an S3 that has one bucket, BUCKET."""
    client = plane.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.fixture
def refused() -> Callable[..., str]:
    """The code of the error that a call ends with; empty where it ends with none."""

    def code(call: Callable[..., Any], **arguments: Any) -> str:
        try:
            call(**arguments)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    return code


@pytest.fixture
def blobs(tmp_path: Path) -> Callable[[], int]:
    """How many files there are with bodies of objects."""

    def count() -> int:
        return len(list((tmp_path / "state").glob("blobs-*/*")))

    return count


@pytest.fixture
def latency_file(tmp_path: Path) -> Callable[[str], str]:
    """Writes a latency model from what stands below its mode; gives its path."""

    def written(text: str, mode: str = "total") -> str:
        path = tmp_path / "latency.toml"
        path.write_text(f'as_of = "2026-01-01"\nmode = "{mode}"\n{text}')
        return str(path)

    return written


@pytest.fixture
def make_table() -> Callable[[Any, str], None]:
    """Makes a table with the string key "id"."""

    def made(dynamodb: Any, name: str) -> None:
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name)

    return made
