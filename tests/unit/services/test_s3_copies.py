"""Copies within the local S3.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "records"
KEY = "source/a+b é"
CONTENT = b"0123456789"
SOURCE = {"Bucket": BUCKET, "Key": KEY}
OTHER_TAG = '"00000000000000000000000000000000"'
MIB = 1024 * 1024


@pytest.fixture
def source(s3: Any) -> Any:
    return s3.put_object(
        Bucket=BUCKET,
        Key=KEY,
        Body=CONTENT,
        ContentType="text/csv",
        Metadata={"run": "7"},
        StorageClass="STANDARD_IA",
        Tagging="team=etl",
        WebsiteRedirectLocation="/elsewhere",
    )


@pytest.fixture
def copy(s3: Any, source: Any) -> Callable[..., Any]:  # noqa: ARG001 - puts the source
    def copy(**said: Any) -> Any:
        arguments = {"Bucket": BUCKET, "Key": "copy", "CopySource": SOURCE} | said
        return s3.copy_object(**arguments)

    return copy


def test_a_copy_has_what_its_source_has_but_for_class_and_redirect(
    s3: Any, source: Any, copy: Callable[..., Any]
) -> None:
    result = copy()["CopyObjectResult"]
    head = s3.head_object(Bucket=BUCKET, Key="copy")

    assert (result["ETag"], result["ChecksumCRC32"]) == (source["ETag"], source["ChecksumCRC32"])
    assert result["LastModified"] == head["LastModified"]
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"run": "7"})
    assert {"StorageClass", "WebsiteRedirectLocation"} & set(head) == set()
    tags = s3.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"]
    assert tags == [{"Key": "team", "Value": "etl"}]


def test_metadata_and_tags_are_replaced_where_that_is_asked_for(
    s3: Any, copy: Callable[..., Any]
) -> None:
    copy(
        MetadataDirective="REPLACE",
        Metadata={"other": "1"},
        TaggingDirective="REPLACE",
        Tagging="a=b",
        StorageClass="GLACIER_IR",
    )
    head = s3.head_object(Bucket=BUCKET, Key="copy")

    assert (head["Metadata"], head["ContentType"]) == ({"other": "1"}, "binary/octet-stream")
    assert head["StorageClass"] == "GLACIER_IR"
    tags = s3.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_a_copy_outlives_its_source(s3: Any, copy: Callable[..., Any]) -> None:
    copy()
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"other")
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == CONTENT


def test_a_copy_onto_itself_must_change_something(
    s3: Any, copy: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(copy, Key=KEY) == "InvalidRequest"
    assert refused(copy, Key=KEY, MetadataDirective="REPLACE", Metadata={"new": "1"}) == ""
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["Metadata"] == {"new": "1"}
    assert refused(copy, Key=KEY, StorageClass="ONEZONE_IA") == ""


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"CopySource": {"Bucket": BUCKET, "Key": "absent"}}, "NoSuchKey"),
        ({"CopySource": {"Bucket": "absent", "Key": KEY}}, "NoSuchBucket"),
        ({"CopySource": BUCKET}, "InvalidArgument"),
        ({"CopySource": f"{BUCKET}/"}, "InvalidArgument"),
        ({"CopySource": SOURCE | {"VersionId": "x"}}, "InvalidArgument"),
        ({"Bucket": "absent"}, "NoSuchBucket"),
        ({"Key": "k" * 1025}, "KeyTooLongError"),
        ({"MetadataDirective": "MERGE"}, "InvalidArgument"),
        ({"TaggingDirective": "MERGE"}, "InvalidArgument"),
        ({"TaggingDirective": "REPLACE", "Tagging": "a=1&a=2"}, "InvalidTag"),
        ({"StorageClass": "FROZEN"}, "InvalidStorageClass"),
        ({"CopySourceIfMatch": OTHER_TAG}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": OTHER_TAG}, ""),
        (
            {"CopySourceIfUnmodifiedSince": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
            "PreconditionFailed",
        ),
        ({"CopySourceIfModifiedSince": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, ""),
    ],
    ids=str,
)
def test_what_cannot_be_copied_is_refused(
    copy: Callable[..., Any], refused: Callable[..., str], said: dict[str, Any], code: str
) -> None:
    assert refused(copy, **said) == code


def test_a_source_that_must_differ_and_does_not_is_not_copied(
    source: Any, copy: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(copy, CopySourceIfNoneMatch=source["ETag"]) == "PreconditionFailed"
    assert refused(copy, CopySourceIfMatch=source["ETag"]) == ""


def test_a_copy_of_parts_is_in_one_piece(s3: Any) -> None:
    parts = [b"p" * 5 * MIB, b"rest"]
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")
    upload = {"Bucket": BUCKET, "Key": "parts", "UploadId": begun["UploadId"]}
    listed = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(parts, start=1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})

    result = s3.copy_object(
        Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/parts", ChecksumAlgorithm="SHA256"
    )["CopyObjectResult"]

    whole = b"".join(parts)
    assert result["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'  # noqa: S324 - as S3 has it
    assert result["ChecksumType"] == "FULL_OBJECT"
    assert s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == whole


def test_parts_are_copied_from_objects_and_from_ranges_of_them(
    s3: Any,
    source: Any,  # noqa: ARG001 - puts the source
    refused: Callable[..., str],
) -> None:
    s3.put_object(Bucket=BUCKET, Key="big", Body=b"b" * 5 * MIB)
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key="made")
    upload = {"Bucket": BUCKET, "Key": "made", "UploadId": begun["UploadId"]}
    copied = [
        s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{BUCKET}/big"),
        s3.upload_part_copy(**upload, PartNumber=2, CopySource=SOURCE, CopySourceRange="bytes=3-5"),
    ]
    for wrong in ("bytes=3-10", "bytes=3-", "3-5"):
        call = upload | {"PartNumber": 3, "CopySource": SOURCE, "CopySourceRange": wrong}
        assert refused(s3.upload_part_copy, **call) == "InvalidArgument"

    listed = [
        {"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]}
        for number, part in enumerate(copied, start=1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})

    assert s3.get_object(Bucket=BUCKET, Key="made")["Body"].read() == b"b" * 5 * MIB + b"345"
