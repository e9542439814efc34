"""What a request asks for besides bucket and key is never taken for the plain operation.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest

BUCKET = "records"
KEY = "report.csv"

SERVED = frozenset(
    [
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "GetBucketAcl",
        "GetBucketLocation",
        "GetBucketVersioning",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "HeadBucket",
        "HeadObject",
        "ListBuckets",
        "ListDirectoryBuckets",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
        "PutObjectTagging",
        "UploadPart",
        "UploadPartCopy",
    ]
)
UNKNOWN = (
    "abac", "annotation", "delete", "encryption", "foo", "list-type=2", "metadataConfiguration",
    "partNumber=1", "renameObject", "restore", "select", "uploadId=1", "uploads", "website",
    "x-amz-copy-source=records/other", "%75ploads", "tagging&acl",
)  # fmt: skip


def send(
    plane: Any, method: str, target: str, body: bytes = b"", host: str | None = None
) -> tuple[int, bytes]:
    address = urlsplit(plane.announced["s3"])
    connection = http.client.HTTPConnection(address.netloc)
    headers = {"Host": f"{host}:{address.port}"} if host else {}
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def state(s3: Any) -> list[Any]:
    got = s3.get_object(Bucket=BUCKET, Key=KEY)
    return [
        [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
        [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]],
        (got["Body"].read(), got["LastModified"], got["ETag"], got["Metadata"]),
        s3.get_object_tagging(Bucket=BUCKET, Key=KEY)["TagSet"],
        s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []),
        "Contents" in s3.list_objects_v2(Bucket="empty"),
    ]


@pytest.fixture
def kept(s3: Any) -> Any:
    s3.create_bucket(Bucket="empty", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"kept", Tagging="a=b")
    return s3


def not_served() -> Iterator[tuple[str, str, str]]:
    """Each operation of botocore's model that the local S3 does not have: name, method, target."""
    model = botocore.session.get_session().get_service_model("s3")
    for name in model.operation_names:
        http_of = model.operation_model(name).http
        target = http_of["requestUri"].replace("{Key+}", KEY)
        if name not in SERVED:
            for bucket in (BUCKET, "empty"):
                yield name, http_of["method"], target.replace("{Bucket}", bucket)


def test_an_operation_that_is_not_served_changes_nothing(kept: Any, plane: Any) -> None:
    before = state(kept)
    cases = list(not_served())

    assert len(cases) > 100
    for name, method, target in cases:
        status, body = send(plane, method, target, b"<a/>" if method in {"PUT", "POST"} else b"")
        assert status >= 400, (name, target)
        assert b"<Code>" in body, (name, target)
        assert state(kept) == before, (name, target)


@pytest.mark.parametrize("parameter", UNKNOWN)
def test_a_parameter_that_an_operation_does_not_have_is_refused(
    kept: Any, plane: Any, parameter: str
) -> None:
    before = state(kept)

    for method in ("PUT", "DELETE"):
        for path in ("/empty", "/new-bucket", f"/{BUCKET}/{KEY}", f"/{BUCKET}/new"):
            if (method, parameter) == ("DELETE", "uploadId=1") and path.count("/") == 2:
                continue  # AbortMultipartUpload, which is served.
            status, _ = send(plane, method, f"{path}?{parameter}")
            assert status >= 400, (method, path)
            assert state(kept) == before, (method, path)


@pytest.mark.usefixtures("kept")
def test_the_refusal_names_the_parameter_and_the_operation(plane: Any) -> None:
    status, body = send(plane, "DELETE", "/empty?foo=1")

    assert status == 501
    assert b"<Code>NotImplemented</Code>" in body
    assert b"the parameter foo of DeleteBucket" in body
    assert b"PutObjectAnnotation" in send(plane, "PUT", f"/{BUCKET}/{KEY}?annotation")[1]


def test_what_sdks_signers_and_access_logs_add_is_served(kept: Any, plane: Any) -> None:
    for added in ("x-id=PutObject", "x-foo=1", "X-Amz-Date=1&X-Amz-Signature=0", "Expires=1", "&"):
        assert send(plane, "PUT", f"/{BUCKET}/{KEY}?{added}", added.encode())[0] == 200
        assert kept.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == added.encode()


def test_a_host_below_localhost_names_the_bucket(kept: Any, plane: Any) -> None:
    host = "empty.localhost"

    assert send(plane, "PUT", f"/{BUCKET}/{KEY}", b"theirs", host)[0] == 200
    assert send(plane, "GET", f"/{BUCKET}/{KEY}", host=host) == (200, b"theirs")
    assert kept.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"kept"
    assert f"<Key>{BUCKET}/{KEY}</Key>".encode() in send(plane, "GET", "/", host=host)[1]
    assert send(plane, "DELETE", f"/{BUCKET}", host=host)[0] == 204
    assert send(plane, "DELETE", "/", host=host)[0] == 409
    assert send(plane, "DELETE", f"/{BUCKET}/{KEY}", host=host)[0] == 204
    assert send(plane, "DELETE", "/", host=host)[0] == 204
    assert [bucket["Name"] for bucket in kept.list_buckets()["Buckets"]] == [BUCKET]


def test_a_bucket_in_the_host_may_have_dots_and_must_be_there(kept: Any, plane: Any) -> None:
    assert send(plane, "PUT", "/", host="a.b.localhost")[0] == 200
    assert "a.b" in [bucket["Name"] for bucket in kept.list_buckets()["Buckets"]]
    assert b"NoSuchBucket" in send(plane, "GET", "/k", host="none.localhost")[1]


@pytest.mark.usefixtures("kept")
def test_the_operation_is_counted_by_the_bucket_in_the_host(plane: Any) -> None:
    send(plane, "GET", "/k", host=f"{BUCKET}.localhost")

    assert "GetObject" in str(plane.usage("anonymous"))
