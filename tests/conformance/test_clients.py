"""The clients that people use, as they are: the guard is in nobody's way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from websockets.sync.client import connect

AWS = Path(sys.prefix) / "bin" / "aws"
TEXT = "a line of text, as any other\n"
# More than the AWS CLI sends in one part (8 MB).
MANY_LINES = 300_000
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "id", "AttributeType": "S"}]
FUNCTIONS = "/2015-03-31/functions"


@pytest.fixture(scope="module")
def aws(doors: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """The AWS CLI, as `lambdameter emulate` tells a shell to set it up."""
    home = tmp_path_factory.mktemp("aws")
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL_LAMBDA": doors.ready.endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": doors.ready.dynamodb,
        "AWS_ENDPOINT_URL_S3": doors.ready.s3,
        "AWS_CA_BUNDLE": doors.ready.ca_bundle,
        "AWS_DEFAULT_REGION": doors.ready.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(AWS), *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def curl(require: Callable[[bool, str], None]) -> Callable[..., tuple[int, str]]:
    """Status and body."""
    program = shutil.which("curl")
    require(program is not None, "needs curl")

    def run(*words: str) -> tuple[int, str]:
        command = [str(program), "--silent", "--noproxy", "*", "--write-out", "\n%{http_code}"]
        told = subprocess.run([*command, *words], capture_output=True, text=True, check=True)
        body, _, status = told.stdout.rpartition("\n")
        return int(status), body

    return run


def test_the_aws_cli_lists_and_invokes(aws: Callable[..., Any], tmp_path: Path) -> None:
    listed = json.loads(aws("lambda", "list-functions", "--output", "json"))
    assert [one["FunctionName"] for one in listed["Functions"]] == ["inside"]
    answer = tmp_path / "answer.json"
    aws("lambda", "invoke", "--function-name", "inside", "--payload", "{}", str(answer))
    assert json.loads(answer.read_text())["event"] == {}


def test_the_aws_cli_writes_tables_and_large_texts(aws: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text(TEXT * MANY_LINES)
    aws("s3", "mb", "s3://cli")
    aws("s3", "cp", str(file), "s3://cli/lines.txt")
    back = tmp_path / "back.txt"
    aws("s3", "cp", "s3://cli/lines.txt", str(back))
    assert back.read_bytes() == file.read_bytes()
    aws(
        *("dynamodb", "create-table", "--table-name", "cli", "--billing-mode", "PAY_PER_REQUEST"),
        *("--key-schema", "AttributeName=id,KeyType=HASH"),
        *("--attribute-definitions", "AttributeName=id,AttributeType=S"),
    )
    aws("dynamodb", "put-item", "--table-name", "cli", "--item", '{"id": {"S": "1"}}')
    assert json.loads(aws("dynamodb", "scan", "--table-name", "cli"))["Count"] == 1


def test_boto3_writes_tables_and_texts(doors: Any) -> None:
    dynamodb, s3 = doors.client("dynamodb"), doors.client("s3")
    dynamodb.create_table(
        TableName="boto3",
        KeySchema=KEY,
        AttributeDefinitions=ATTRIBUTES,
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="boto3", Item={"id": {"S": "1"}})
    assert dynamodb.scan(TableName="boto3")["Count"] == 1
    s3.create_bucket(Bucket="boto3")
    s3.put_object(Bucket="boto3", Key="a.txt", Body=TEXT.encode(), ContentType="text/plain")
    upload = s3.create_multipart_upload(Bucket="boto3", Key="b.txt", ContentType="text/plain")
    s3.abort_multipart_upload(Bucket="boto3", Key="b.txt", UploadId=upload["UploadId"])
    s3.delete_objects(Bucket="boto3", Delete={"Objects": [{"Key": "a.txt"}]})
    for client in (dynamodb, s3):
        client.close()


def test_boto3_and_curl_post_to_a_connection(
    doors: Any, curl: Callable[..., tuple[int, str]]
) -> None:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=doors.ready.connections,
        region_name=doors.ready.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    with connect(doors.ready.websocket, proxy=None):
        with pytest.raises(client.exceptions.GoneException):
            client.post_to_connection(ConnectionId="none", Data=b"text")
        url = f"{doors.ready.connections}/@connections/none"
        assert curl(url, "-d", "text")[0] == 410
        assert curl(url, "-d", "text", "-H", "Content-Type: text/plain")[0] == 403
    client.close()


def test_curl_creates_invokes_and_deletes(doors: Any, curl: Callable[..., tuple[int, str]]) -> None:
    url = doors.ready.endpoint + FUNCTIONS
    status, body = curl(url, "--json", '{"FunctionName": "x"}')
    assert (status, json.loads(body)["Type"]) == (400, "User")
    status, body = curl(url, "-d", '{"FunctionName": "x"}')
    assert (status, "Send application/json (curl --json)." in body) == (403, True)
    for data in (("-d", "{}"), ("--json", "{}"), ("-X", "POST")):
        status, body = curl(f"{url}/inside/invocations", *data)
        assert (status, json.loads(body)["event"]) == (200, {})
    assert curl(url)[0] == 200
    assert curl(f"{url}/none", "-X", "DELETE")[0] == 404


def test_curl_is_a_runtime_as_in_awss_tutorial(
    doors: Any, curl: Callable[..., tuple[int, str]]
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html."""
    url = f"http://{doors.addresses['runtime']}/2018-06-01/runtime/invocation/none/response"
    status, body = curl(url, "-d", "SUCCESS")
    # There is nothing to answer: it is the Runtime API that says so.
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.0.0.2.nip.test"])
def test_curl_reaches_the_services_over_tls_by_this_machines_names(
    doors: Any, curl: Callable[..., tuple[int, str]], name: str
) -> None:
    port = doors.addresses["dynamodb"].rpartition(":")[2]
    answer = curl(
        *("--cacert", doors.ready.ca_bundle, f"https://localhost:{port}/"),
        *("-H", f"Host: {name}:{port}"),
    )
    assert answer[0] == (403 if name.endswith("test") else 200)


def test_a_name_that_is_allowed_is_in_the_certificate(
    doors: Any, curl: Callable[..., tuple[int, str]]
) -> None:
    port = doors.addresses["s3"].rpartition(":")[2]
    for host in ("lambda.test", "192.0.2.7"):
        status, _ = curl(
            *("--cacert", doors.ready.ca_bundle, f"https://{host}:{port}/"),
            *("--connect-to", f"{host}:{port}:127.0.0.1:{port}"),
        )
        assert status == 200
