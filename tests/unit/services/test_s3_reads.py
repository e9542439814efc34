"""Reading objects of the local S3: conditions, ranges, parts, headers.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "records"
KEY = "report.csv"
CONTENT = b"0123456789"
OTHER_TAG = '"00000000000000000000000000000000"'


@pytest.fixture
def etag(s3: Any) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)["ETag"])


@pytest.fixture
def modified(s3: Any, etag: str) -> dt.datetime:  # noqa: ARG001 - puts the object
    date = s3.head_object(Bucket=BUCKET, Key=KEY)["LastModified"]
    assert isinstance(date, dt.datetime)
    return date


def outcome(s3: Any, **query: Any) -> tuple[int, int]:
    """The statuses of a GET and of a HEAD."""
    statuses = []
    for read in (s3.get_object, s3.head_object):
        try:
            answer = read(Bucket=BUCKET, Key=KEY, **query)
        except s3.exceptions.ClientError as error:
            answer = error.response
        statuses.append(int(answer["ResponseMetadata"]["HTTPStatusCode"]))
    return statuses[0], statuses[1]


def test_entity_tags_decide_whether_an_object_is_read(s3: Any, etag: str) -> None:
    assert outcome(s3, IfMatch=etag) == (200, 200)
    assert outcome(s3, IfMatch=etag.strip('"')) == (200, 200)
    assert outcome(s3, IfMatch=OTHER_TAG) == (412, 412)
    assert outcome(s3, IfNoneMatch=etag) == (304, 304)
    assert outcome(s3, IfNoneMatch=OTHER_TAG) == (200, 200)
    assert outcome(s3, IfNoneMatch=f"{OTHER_TAG}, {etag}") == (304, 304)


def test_dates_decide_whether_an_object_is_read(s3: Any, modified: dt.datetime) -> None:
    before = modified - dt.timedelta(seconds=1)
    assert outcome(s3, IfModifiedSince=before) == (200, 200)
    assert outcome(s3, IfModifiedSince=modified) == (304, 304)
    assert outcome(s3, IfUnmodifiedSince=before) == (412, 412)
    assert outcome(s3, IfUnmodifiedSince=modified) == (200, 200)


def test_an_entity_tag_decides_before_a_date(s3: Any, etag: str, modified: dt.datetime) -> None:
    before = modified - dt.timedelta(seconds=1)
    assert outcome(s3, IfMatch=etag, IfUnmodifiedSince=before) == (200, 200)
    assert outcome(s3, IfNoneMatch=etag, IfModifiedSince=before) == (304, 304)


def test_what_was_not_modified_has_its_tag_and_no_body(s3: Any, etag: str) -> None:
    with pytest.raises(s3.exceptions.ClientError) as same:
        s3.get_object(Bucket=BUCKET, Key=KEY, IfNoneMatch=etag)

    headers = same.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["etag"] == etag
    assert headers["last-modified"]
    assert headers.get("content-length", "0") == "0"
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == CONTENT


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", (b"0", "bytes 0-0/10")),
        ("bytes=2-5", (b"2345", "bytes 2-5/10")),
        ("bytes=7-", (b"789", "bytes 7-9/10")),
        ("bytes=7-99", (b"789", "bytes 7-9/10")),
        ("bytes=-3", (b"789", "bytes 7-9/10")),
        ("bytes=-99", (CONTENT, "bytes 0-9/10")),
    ],
)
@pytest.mark.usefixtures("etag")
def test_a_range_is_cut_and_told(s3: Any, asked: str, expected: tuple[bytes, str]) -> None:
    got = s3.get_object(Bucket=BUCKET, Key=KEY, Range=asked)
    head = s3.head_object(Bucket=BUCKET, Key=KEY, Range=asked)

    assert (got["Body"].read(), got["ContentRange"]) == expected
    assert outcome(s3, Range=asked) == (206, 206)
    assert (head["ContentRange"], head["ContentLength"]) == (expected[1], len(expected[0]))
    assert "ChecksumCRC32" not in got


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
@pytest.mark.usefixtures("etag")
def test_a_range_beyond_the_object_is_refused(
    s3: Any, refused: Callable[..., str], asked: str
) -> None:
    assert refused(s3.get_object, Bucket=BUCKET, Key=KEY, Range=asked) == "InvalidRange"
    assert outcome(s3, Range=asked) == (416, 416)


def test_an_empty_object_has_no_range(s3: Any, refused: Callable[..., str]) -> None:
    s3.put_object(Bucket=BUCKET, Key="empty", Body=b"")

    for asked in ("bytes=0-", "bytes=-1"):
        assert refused(s3.get_object, Bucket=BUCKET, Key="empty", Range=asked) == "InvalidRange"
    assert s3.get_object(Bucket=BUCKET, Key="empty")["Body"].read() == b""


@pytest.mark.parametrize("asked", ["bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=0-1,4-5", "5"])
@pytest.mark.usefixtures("etag")
def test_a_range_that_is_none_is_ignored(s3: Any, asked: str) -> None:
    assert s3.get_object(Bucket=BUCKET, Key=KEY, Range=asked)["Body"].read() == CONTENT
    assert outcome(s3, Range=asked) == (200, 200)


@pytest.mark.usefixtures("etag")
def test_an_object_in_one_piece_is_its_only_part(s3: Any, refused: Callable[..., str]) -> None:
    part = s3.get_object(Bucket=BUCKET, Key=KEY, PartNumber=1)

    assert (part["Body"].read(), part["ContentRange"]) == (CONTENT, "bytes 0-9/10")
    assert "PartsCount" not in part
    for number, code in ((2, "InvalidPartNumber"), (0, "InvalidArgument")):
        assert refused(s3.get_object, Bucket=BUCKET, Key=KEY, PartNumber=number) == code
    assert outcome(s3, PartNumber=2) == (416, 416)
    both = {"PartNumber": 1, "Range": "bytes=0-1"}
    assert refused(s3.get_object, Bucket=BUCKET, Key=KEY, **both) == "InvalidRequest"


def test_what_was_said_of_an_object_is_told_again(s3: Any) -> None:
    said = {
        "CacheControl": "max-age=60",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "pl",
        "ContentType": "text/csv; header=present",
        "Metadata": {"run": "7", "note": "a  b"},
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/elsewhere",
    }
    expires = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT, Expires=expires, **said)

    for read in (s3.get_object, s3.head_object):
        answer = read(Bucket=BUCKET, Key=KEY)
        assert {name: answer[name] for name in said} == said
        assert answer["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"
        assert answer["AcceptRanges"] == "bytes"
        assert answer["ServerSideEncryption"] == "AES256"


@pytest.mark.usefixtures("etag")
def test_what_was_not_said_has_s3s_defaults(s3: Any) -> None:
    head = s3.head_object(Bucket=BUCKET, Key=KEY)

    assert head["ContentType"] == "binary/octet-stream"
    assert head["Metadata"] == {}
    assert {"StorageClass", "ContentEncoding", "Expires", "TagCount"} & set(head) == set()


@pytest.mark.usefixtures("etag")
def test_a_reader_may_have_other_headers_answered(s3: Any) -> None:
    date = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    got = s3.get_object(
        Bucket=BUCKET,
        Key=KEY,
        ResponseContentType="text/plain",
        ResponseContentDisposition='attachment; filename="a+b.csv"',
        ResponseContentEncoding="br",
        ResponseContentLanguage="de",
        ResponseCacheControl="no-store",
        ResponseExpires=date,
    )

    assert got["ContentType"] == "text/plain"
    assert got["ContentDisposition"] == 'attachment; filename="a+b.csv"'
    assert (got["ContentEncoding"], got["ContentLanguage"]) == ("br", "de")
    assert (got["CacheControl"], got["ExpiresString"]) == (
        "no-store",
        "Wed, 02 Jan 2030 03:04:05 GMT",
    )


def test_a_checksum_is_told_where_it_is_asked_for(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT, ChecksumAlgorithm="SHA256")

    enabled = s3.head_object(Bucket=BUCKET, Key=KEY, ChecksumMode="ENABLED")
    plain = s3.head_object(Bucket=BUCKET, Key=KEY)

    assert enabled["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert enabled["ChecksumType"] == "FULL_OBJECT"
    assert "ChecksumSHA256" not in plain


def test_attributes_are_told_by_name(s3: Any, refused: Callable[..., str]) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT, StorageClass="ONEZONE_IA")

    told = s3.get_object_attributes(
        Bucket=BUCKET, Key=KEY, ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"]
    )

    assert told["ETag"] == "781e5e245d69b566979b86e28d23f2c7"
    assert (told["ObjectSize"], told["StorageClass"]) == (10, "ONEZONE_IA")
    assert told["Checksum"]["ChecksumCRC32"] == "poTHxg=="
    wrong = {"Bucket": BUCKET, "Key": KEY, "ObjectAttributes": ["Colour"]}
    assert refused(s3.get_object_attributes, **wrong) == "InvalidArgument"


@pytest.mark.usefixtures("etag")
def test_the_only_version_is_null(s3: Any, refused: Callable[..., str]) -> None:
    assert s3.get_object(Bucket=BUCKET, Key=KEY, VersionId="null")["Body"].read() == CONTENT
    other = {"Bucket": BUCKET, "Key": KEY, "VersionId": "3HL4kqtJlcpXroDTDmJ"}
    assert refused(s3.get_object, **other) == "InvalidArgument"
