"""Writing and deleting objects of the local S3: what is refused, and what is left behind.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

BUCKET = "records"
KEY = "report.csv"
CONTENT = b"0123456789"
OTHER_TAG = '"00000000000000000000000000000000"'
MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()  # noqa: S324 - as S3 has it


@pytest.fixture
def put(s3: Any) -> Callable[..., Any]:
    def put(**arguments: Any) -> Any:
        return s3.put_object(**({"Bucket": BUCKET, "Key": KEY, "Body": CONTENT} | arguments))

    return put


def connect(plane: Any) -> http.client.HTTPConnection:
    host = urlsplit(plane.announced["s3"])
    return http.client.HTTPConnection(host.hostname or "", host.port)


def test_the_entity_tag_is_the_md5(put: Callable[..., Any]) -> None:
    assert put()["ETag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'  # noqa: S324 - as above


@pytest.mark.parametrize(
    "case",
    [
        ({"ContentMD5": MD5}, ""),
        ({"ContentMD5": "MDEyMzQ1Njc4OTAxMjM0NQ=="}, "BadDigest"),
        ({"ContentMD5": "short"}, "InvalidDigest"),
        ({"ChecksumCRC32": "poTHxg=="}, ""),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumCRC32": "AAAA"}, "InvalidRequest"),
        ({"ChecksumSHA1": "h6zsFzDdoURZYcsdrlzfcCjCPNE="}, "BadDigest"),
        ({"Metadata": {"a": "x" * 2047}}, ""),
        ({"Metadata": {"a": "x" * 2048}}, "MetadataTooLarge"),
        ({"StorageClass": "DEEP_ARCHIVE"}, ""),
        ({"StorageClass": "FROZEN"}, "InvalidStorageClass"),
        ({"ACL": "bucket-owner-full-control"}, ""),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"GrantRead": "id=1"}, "AccessControlListNotSupported"),
        ({"ServerSideEncryption": "AES256"}, ""),
        ({"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"ObjectLockLegalHoldStatus": "ON"}, "InvalidRequest"),
        ({"WebsiteRedirectLocation": "elsewhere"}, "InvalidRedirectLocation"),
        ({"Tagging": "a=1&a=2"}, "InvalidTag"),
        ({"WriteOffsetBytes": 3}, "NotImplemented"),
        ({"ExpectedBucketOwner": "000000000000"}, ""),
        ({"ExpectedBucketOwner": "111122223333"}, "AccessDenied"),
        ({"Bucket": "absent"}, "NoSuchBucket"),
        ({"IfNoneMatch": "*"}, ""),
        ({"IfNoneMatch": OTHER_TAG}, "NotImplemented"),
        ({"IfMatch": OTHER_TAG}, "NoSuchKey"),
    ],
    ids=str,
)
def test_what_s3_refuses_is_refused_and_not_stored(
    s3: Any,
    put: Callable[..., Any],
    refused: Callable[..., str],
    blobs: Callable[[], int],
    case: tuple[dict[str, Any], str],
) -> None:
    said, code = case
    assert refused(put, **said) == code
    stored = 0 if code else 1
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == stored
    assert blobs() == stored


def test_a_body_that_is_not_what_was_signed_is_refused(plane: Any, s3: Any) -> None:
    connection = connect(plane)
    signed = hashlib.sha256(b"other").hexdigest()
    headers = {"x-amz-content-sha256": signed}
    connection.request("PUT", f"/{BUCKET}/{KEY}", CONTENT, headers)
    answer = connection.getresponse()

    assert (answer.status, b"XAmzContentSHA256Mismatch" in answer.read()) == (400, True)
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    connection.close()


def chunked(plane: Any, body: bytes, **headers: str) -> tuple[int, bytes]:
    connection = connect(plane)
    sent = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "10",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("PUT", f"/{BUCKET}/{KEY}", body, sent | named)
    answer = connection.getresponse()
    told = answer.status, answer.read()
    connection.close()
    return told


SIGNED = (
    b"4;chunk-signature=%(s)b\r\n0123\r\n6;chunk-signature=%(s)b\r\n456789\r\n"
    b"0;chunk-signature=%(s)b\r\nx-amz-checksum-crc32:poTHxg==\r\n"
    b"x-amz-trailer-signature:%(s)b\r\n\r\n"
) % {b"s": b"0" * 64}


def test_chunks_signed_by_anybody_are_taken(plane: Any, s3: Any) -> None:
    status, _ = chunked(plane, SIGNED)

    assert status == 200
    got = s3.get_object(Bucket=BUCKET, Key=KEY)
    assert (got["Body"].read(), got["ChecksumCRC32"]) == (CONTENT, "poTHxg==")
    assert "ContentEncoding" not in got


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (SIGNED.replace(b"poTHxg==", b"AAAAAA=="), b"BadDigest"),
        (SIGNED.replace(b"x-amz-checksum-crc32", b"x-amz-checksum-sha1"), b"MalformedTrailerError"),
        (SIGNED.replace(b"456789", b"45678"), b"IncompleteBody"),
        (SIGNED[: SIGNED.index(b"0;chunk")], b"IncompleteBody"),
        (SIGNED.replace(b"6;", b"5;").replace(b"456789", b"45678"), b"IncompleteBody"),
        (CONTENT, b"IncompleteBody"),
    ],
)
def test_chunks_that_are_not_what_was_declared_are_refused(
    plane: Any, s3: Any, blobs: Callable[[], int], body: bytes, code: bytes
) -> None:
    status, told = chunked(plane, body)

    assert (status, b"<Code>" + code + b"</Code>" in told) == (400, True), told
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert blobs() == 0


def test_an_upload_needs_a_length_and_may_have_five_gigabytes(plane: Any, s3: Any) -> None:
    told = {}
    for name, value in (("transfer-encoding", "chunked"), ("content-length", str(5 * 2**30 + 1))):
        connection = connect(plane)
        connection.putrequest("PUT", f"/{BUCKET}/{KEY}")
        connection.putheader(name, value)
        connection.putheader("expect", "100-continue")
        connection.endheaders()
        answer = connection.getresponse()
        told[name] = answer.status, answer.read().split(b"</Code>")[0].split(b"<Code>")[-1]
        connection.close()

    assert told == {
        "transfer-encoding": (411, b"MissingContentLength"),
        "content-length": (400, b"EntityTooLarge"),
    }
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_an_upload_that_breaks_off_leaves_nothing_behind(
    plane: Any, s3: Any, put: Callable[..., Any], blobs: Callable[[], int]
) -> None:
    put(Body=b"before")
    host = urlsplit(plane.announced["s3"])
    with socket.create_connection((host.hostname, host.port)) as connection:
        head = f"PUT /{BUCKET}/{KEY} HTTP/1.1\r\nhost: s3\r\ncontent-length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 500_000)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"before"
    assert blobs() == 1


@pytest.mark.parametrize("query", ["partNumber=1", "uploadId=1", "uploadId=&x=partNumber"])
def test_half_of_a_part_is_no_object(
    plane: Any, put: Callable[..., Any], s3: Any, query: str
) -> None:
    put()
    connection = connect(plane)
    connection.request("PUT", f"/{BUCKET}/{KEY}?{query}", b"other")
    answer = connection.getresponse()

    assert (answer.status, b"InvalidArgument" in answer.read()) == (400, True)
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == CONTENT
    connection.close()


def test_a_refused_upload_of_any_size_is_read_and_answered(plane: Any, s3: Any) -> None:
    connection = connect(plane)
    for bucket, status in (("absent", 404), ("UPPER", 400), (BUCKET, 200)):
        connection.request("PUT", f"/{bucket}/{KEY}", b"x" * 8_000_000)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ContentLength"] == 8_000_000


def test_overwriting_and_deleting_gives_the_space_back(
    s3: Any, put: Callable[..., Any], blobs: Callable[[], int]
) -> None:
    for number in range(3):
        put(Body=b"x" * (number + 1))
    assert blobs() == 1
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert blobs() == 0


def test_nobody_else_may_read_the_bodies_and_they_go_with_the_process(
    plane: Any, put: Callable[..., Any], tmp_path: Path
) -> None:
    put()
    [folder] = (tmp_path / "state").glob("blobs-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert KEY not in {path.name for path in folder.iterdir()}

    plane.process.stdin.close()
    assert plane.process.wait() == 0
    assert not folder.exists()


def test_what_is_not_there_is_deleted_already(s3: Any, refused: Callable[..., str]) -> None:
    answer = s3.delete_object(Bucket=BUCKET, Key="absent")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.delete_object, Bucket="absent", Key=KEY) == "NoSuchBucket"


def test_a_delete_may_be_conditional(
    s3: Any, put: Callable[..., Any], refused: Callable[..., str]
) -> None:
    etag = put()["ETag"]
    key = {"Bucket": BUCKET, "Key": KEY}

    assert refused(s3.delete_object, **key, IfMatch=OTHER_TAG) == "PreconditionFailed"
    assert refused(s3.delete_object, **key, IfMatch=etag) == ""
    assert refused(s3.delete_object, **key, IfMatch="*") == "NoSuchKey"


def test_many_are_deleted_at_once_and_each_is_told(s3: Any, put: Callable[..., Any]) -> None:
    etag = put()["ETag"]
    put(Key="kept")
    objects = [
        {"Key": KEY, "ETag": etag},
        {"Key": "absent"},
        {"Key": "kept", "ETag": OTHER_TAG},
        {"Key": "kept", "VersionId": "of nothing"},
        {"Key": "k" * 1025},
    ]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})

    assert [item["Key"] for item in answer["Deleted"]] == [KEY, "absent"]
    assert [item["Code"] for item in answer["Errors"]] == [
        "PreconditionFailed",
        "InvalidArgument",
        "KeyTooLongError",
    ]
    quiet = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "kept"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize("count", [0, 1001])
def test_a_list_of_none_or_too_many_to_delete_is_malformed(
    s3: Any, refused: Callable[..., str], count: int
) -> None:
    objects = [{"Key": str(number)} for number in range(count)]
    listed = {"Bucket": BUCKET, "Delete": {"Objects": objects}}
    assert refused(s3.delete_objects, **listed) == "MalformedXML"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<Delete>", b"MalformedXML"),
        (b"no XML", b"MalformedXML"),
        (b"", b"MissingRequestBodyError"),
        (b"\xff\xfe", b"MalformedXML"),
    ],
)
def test_a_document_that_is_none_has_one_clear_error(
    s3: Any,  # noqa: ARG001 - makes the bucket
    plane: Any,
    body: bytes,
    code: bytes,
) -> None:
    connection = connect(plane)
    connection.request("POST", f"/{BUCKET}?delete", body)
    answer = connection.getresponse()

    assert (answer.status, b"<Code>" + code + b"</Code>" in answer.read()) == (400, True)
    connection.close()


def test_a_document_that_is_not_what_was_declared_is_refused(s3: Any, plane: Any) -> None:
    document = b"<Delete><Object><Key>&#x1F600;</Key></Object></Delete>"
    s3.put_object(Bucket=BUCKET, Key="😀", Body=b"")
    connection = connect(plane)
    told = []
    for md5 in (MD5, base64.b64encode(hashlib.md5(document).digest()).decode()):  # noqa: S324
        connection.request("POST", f"/{BUCKET}?delete", document, {"content-md5": md5})
        answer = connection.getresponse()
        told.append(answer.status)
        answer.read()
    connection.close()

    assert told == [400, 200]
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
