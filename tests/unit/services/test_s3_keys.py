"""Keys of the local S3 are names, never paths: FAULTS of odd keys, and their right values."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

BUCKET = "records"
ODD = [
    "a+b",
    "x%2By",
    "x%",
    "%00",
    "2026-01-01T00:00:00+01:00.json",
    "a b",
    " leading and trailing ",
    "100% ~*'()!$,;=:@&?#[]{}|^`\"<>\\",
    "łódź/日本語/😀",
    "\u00e9 and e\u0301",
    ".",
    "..",
    "./a",
    "../a",
    "a/../../b",
    "a/./b",
    "/",
    "//",
    "/a",
    "a/",
    "a//b",
    "a///",
    "tab\tand line\nand return\r",
    "\x01\x02\x1f\x7f",
    "\x85\u2028\ufeff\uffff\U0010ffff",
    "k" * 180,
    "字" * 100,
    "k" * 1024,
    "é" * 512,
    "uploads",
    "?versions",
    "null",
]


@pytest.mark.parametrize("key", ODD, ids=ascii)
def test_an_odd_key_is_put_got_listed_copied_and_deleted(s3: Any, key: str) -> None:
    body = key.encode() * 3
    put = s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    assert s3.head_object(Bucket=BUCKET, Key=key)["ETag"] == put["ETag"]
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [item["Key"] for item in listed] == [key]
    assert [item["Key"] for item in s3.list_objects(Bucket=BUCKET)["Contents"]] == [key]
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key})
    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == body
    s3.delete_object(Bucket=BUCKET, Key=key)
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [item["Key"] for item in listed] == ["copy"]


def test_each_odd_key_is_an_object_of_its_own(s3: Any) -> None:
    for key in ODD:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    for key in ODD:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert listed == sorted(ODD, key=lambda key: key.encode())


def test_one_request_deletes_all_odd_keys_that_xml_can_hold(s3: Any) -> None:
    keys = [
        key for key in ODD if all(c in "\t\n\r" or " " <= c < "\ufffe" or c > "\uffff" for c in key)
    ]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")

    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})

    assert [item["Key"] for item in answer["Deleted"]] == keys
    assert "Errors" not in answer
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_key_is_no_way_into_another_bucket(s3: Any) -> None:
    s3.create_bucket(Bucket="other")
    s3.put_object(Bucket="other", Key="x", Body=b"mine")

    s3.put_object(Bucket=BUCKET, Key="../other/x", Body=b"theirs")
    assert s3.get_object(Bucket="other", Key="x")["Body"].read() == b"mine"
    s3.delete_object(Bucket=BUCKET, Key="../other/x")
    s3.delete_object(Bucket=BUCKET, Key="../other")

    assert s3.get_object(Bucket="other", Key="x")["Body"].read() == b"mine"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["other", BUCKET]


def test_a_key_may_be_the_beginning_of_another(s3: Any, refused: Callable[..., str]) -> None:
    for key in ("logs", "logs/2026", "logs/2026/01"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    for key in ("logs", "logs/2026", "logs/2026/01"):
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    assert refused(s3.head_object, Bucket=BUCKET, Key="logs/2026/") == "404"
    assert refused(s3.get_object, Bucket=BUCKET, Key="lo") == "NoSuchKey"


@pytest.mark.parametrize("key", ["k" * 1025, "é" * 513, "字" * 342])
def test_a_key_of_more_than_1024_bytes_is_refused(
    s3: Any, refused: Callable[..., str], key: str
) -> None:
    put = refused(s3.put_object, Bucket=BUCKET, Key=key, Body=b"")
    got = refused(s3.get_object, Bucket=BUCKET, Key=key)
    created = refused(s3.create_multipart_upload, Bucket=BUCKET, Key=key)

    assert (put, got, created) == ("KeyTooLongError",) * 3


def raw(plane: Any, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request, its target just as it is written here."""
    host = urlsplit(plane.announced["s3"].replace("https:", "http:"))
    connection = http.client.HTTPConnection(host.hostname or "", host.port)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("a%2Bb", "a+b"),
        ("a%2bb", "a+b"),
        ("a%252Bb", "a%2Bb"),
        ("a%20b", "a b"),
        ("a+b", "a b"),
        ("../x", "../x"),
        ("%2E%2E/x", "../x"),
        ("a/../b", "a/../b"),
        ("%2F", "/"),
        ("/", "/"),
        ("a~b*c'd(e)", "a~b*c'd(e)"),
        ("%F0%9F%98%80", "😀"),
        ("%00", "\x00"),
    ],
)
def test_a_path_is_decoded_once_and_never_resolved(
    s3: Any, plane: Any, target: str, key: str
) -> None:
    status, _ = raw(plane, "PUT", f"/{BUCKET}/{target}", b"raw")

    assert status == 200
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"raw"
    assert raw(plane, "GET", f"/{BUCKET}/{target}") == (200, b"raw")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (f"/{BUCKET}/%FF", 400, "InvalidURI"),
        ("/../x", 400, "InvalidBucketName"),
        ("/..", 400, "InvalidBucketName"),
        ("/UPPER/x", 400, "InvalidBucketName"),
        (f"/{BUCKET}/{'k' * 1025}", 400, "KeyTooLongError"),
        (f"/{BUCKET}/absent", 404, "NoSuchKey"),
        ("/absent/key", 404, "NoSuchBucket"),
        (f"/{BUCKET}?list-type=2&max-keys=many", 400, "InvalidArgument"),
    ],
)
def test_a_path_that_names_nothing_has_one_clear_error(
    s3: Any,  # noqa: ARG001 - makes the bucket
    plane: Any,
    target: str,
    status: int,
    code: str,
) -> None:
    told, body = raw(plane, "GET", target)

    assert told == status
    assert f"<Code>{code}</Code><Message>".encode() in body


def test_a_key_that_xml_cannot_hold_does_not_break_a_listing(s3: Any, plane: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="a\x01b\r", Body=b"")

    status, body = raw(plane, "GET", f"/{BUCKET}?list-type=2")
    encoded = raw(plane, "GET", f"/{BUCKET}?list-type=2&encoding-type=url")

    assert (status, "<Key>a\ufffdb&#xd;</Key>".encode() in body) == (200, True)
    assert (encoded[0], b"<Key>a%01b%0D</Key>" in encoded[1]) == (200, True)


def test_a_presigned_url_reads_an_odd_key(s3: Any, plane: Any) -> None:
    for key in ODD:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        for signature in ("s3", "s3v4"):
            signer = plane.client("s3", "AKIDSIGNER", signature)
            url = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
            parts = urlsplit(url)
            target = f"{parts.path}?{parts.query}"
            assert raw(plane, "GET", target) == (200, key.encode()), quote(key)
