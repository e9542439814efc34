"""What clients send to the local S3 that is wrong at its edges.

https://www.w3.org/TR/xml/#charsets
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
"""

from __future__ import annotations

import http.client
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

BUCKET = "records"
KEY = "report.csv"
CONTENT = b"0123456789"
HUGE = "99999999999999999999999"


def send(
    plane: Any, method: str, target: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(plane.announced["s3"]).netloc)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, named)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def etag(s3: Any) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)["ETag"])


@pytest.mark.parametrize("held", ["\x01", "\x00", "\ufffe", "&#1;", "&#x0;", "&#xD800;"])
@pytest.mark.usefixtures("etag")
def test_what_xml_cannot_hold_deletes_nothing(s3: Any, plane: Any, held: str) -> None:
    keys = "".join(f"<Object><Key>{key}</Key></Object>" for key in (KEY, f"a{held}b"))

    status, body = send(plane, "POST", f"/{BUCKET}?delete", f"<Delete>{keys}</Delete>".encode())

    assert (status, b"<Code>MalformedXML</Code>" in body) == (400, True)
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1


def test_every_answer_about_an_odd_key_is_xml(s3: Any, plane: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="a\x01b\uffff", Body=b"")

    for method, target in (
        ("GET", f"/{BUCKET}"),
        ("GET", f"/{BUCKET}?list-type=2"),
        ("GET", f"/{BUCKET}?versions"),
        ("POST", f"/{BUCKET}/a%01b?uploads"),
        ("GET", f"/{BUCKET}?uploads"),
        ("GET", f"/{BUCKET}/c%01%EF%BF%BF"),
        ("GET", f"/{BUCKET}?prefix=%01&delimiter=%02"),
    ):
        ET.fromstring(send(plane, method, target)[1])  # noqa: S314 - our own answer


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_known_and_not_read(
    s3: Any, refused: Callable[..., str], storage_class: str
) -> None:
    here = {"Bucket": BUCKET, "Key": KEY}
    s3.put_object(**here, Body=CONTENT, StorageClass=storage_class)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    copy = {"Bucket": BUCKET, "CopySource": f"{BUCKET}/{KEY}"}

    assert refused(s3.get_object, **here) == "InvalidObjectState"
    assert refused(s3.copy_object, **copy, Key="copy") == "ObjectNotInActiveTierError"
    assert (
        refused(s3.upload_part_copy, **copy, Key="parts", UploadId=upload, PartNumber=1)
        == "ObjectNotInActiveTierError"
    )
    assert s3.head_object(**here)["StorageClass"] == storage_class
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1


@pytest.mark.usefixtures("s3")
def test_a_sum_by_another_algorithm_than_was_named_is_refused(plane: Any) -> None:
    status, body = send(
        plane, "PUT", f"/{BUCKET}/{KEY}", b"123456789",
        x_amz_sdk_checksum_algorithm="SHA256", x_amz_checksum_crc32="y/Q5Jg==",
    )  # fmt: skip

    assert (status, b"<Code>BadDigest</Code>" in body) == (400, True)
    assert send(plane, "GET", f"/{BUCKET}/{KEY}")[0] == 404


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        (f"bytes=3-{HUGE}", 206, CONTENT[3:]),
        (f"bytes=-{HUGE}", 206, CONTENT),
        (f"bytes={HUGE}-", 416, None),
        (f"bytes={HUGE}-{HUGE}", 416, None),
    ],
)
@pytest.mark.usefixtures("etag")
def test_a_range_may_be_of_any_size(
    plane: Any, asked: str, status: int, expected: bytes | None
) -> None:
    got, body = send(plane, "GET", f"/{BUCKET}/{KEY}", Range=asked)

    assert got == status
    assert expected is None or body == expected


def test_if_range_gives_the_range_of_the_same_object_and_else_the_whole(
    s3: Any, plane: Any, etag: str
) -> None:
    modified = s3.head_object(Bucket=BUCKET, Key=KEY)["ResponseMetadata"]["HTTPHeaders"]

    for condition, status in (
        (etag, 206),
        (modified["last-modified"], 206),
        ('"other"', 200),
        (f"W/{etag}", 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
        ("yesterday", 200),
    ):
        for method in ("GET", "HEAD"):
            target = f"/{BUCKET}/{KEY}"
            got, _ = send(plane, method, target, Range="bytes=2-3", If_Range=condition)
            assert got == status, (condition, method)


@pytest.mark.usefixtures("etag")
def test_a_message_speaks_no_rust(plane: Any) -> None:
    for target in (
        f"/{BUCKET}?max-keys=abc",
        f"/{BUCKET}?list-type=2&fetch-owner=%22",
        f"/{BUCKET}/{KEY}?partNumber=x",
        f"/{BUCKET}?uploads&max-uploads=x",
    ):
        status, body = send(plane, "GET", target)
        assert status == 400, target
        assert b"Some(" not in body, body
        assert b"None" not in body, body
