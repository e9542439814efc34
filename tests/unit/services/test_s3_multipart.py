"""Multipart uploads to the local S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from boto3.s3.transfer import TransferConfig

BUCKET = "records"
KEY = "a big+one/é"
MIB = 1024 * 1024
PART = b"p" * 5 * MIB
LAST = b"the rest"


class Uploads(msgspec.Struct, frozen=True):
    """Multipart uploads of one key."""

    s3: Any

    def begin(self, **said: Any) -> dict[str, Any]:
        """The new upload's bucket, key and id."""
        begun = self.s3.create_multipart_upload(Bucket=BUCKET, Key=KEY, **said)
        return {"Bucket": BUCKET, "Key": KEY, "UploadId": begun["UploadId"]}

    def part(self, upload: dict[str, Any], number: int, body: bytes, **said: Any) -> dict[str, Any]:
        """What completing has to say of the part."""
        answer = self.s3.upload_part(**upload, PartNumber=number, Body=body, **said)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def complete(self, upload: dict[str, Any], parts: list[dict[str, Any]], **said: Any) -> Any:
        parts_listed = {"Parts": parts}
        return self.s3.complete_multipart_upload(**upload, MultipartUpload=parts_listed, **said)


@pytest.fixture
def uploads(s3: Any) -> Uploads:
    return Uploads(s3)


def md5(body: bytes) -> bytes:
    return hashlib.md5(body).digest()  # noqa: S324 - as S3 has it


def test_parts_of_any_numbers_become_one_object(s3: Any, uploads: Uploads) -> None:
    begun = uploads.begin(
        ContentType="text/plain", Metadata={"run": "7"}, StorageClass="GLACIER_IR"
    )
    last = uploads.part(begun, 9000, LAST)
    first = uploads.part(begun, 7, PART)

    answer = uploads.complete(begun, [first, last])

    whole = hashlib.md5(md5(PART) + md5(LAST)).hexdigest()  # noqa: S324 - as S3 has it
    assert (answer["ETag"], answer["Key"]) == (f'"{whole}-2"', KEY)
    assert answer["Location"].endswith(f"/{BUCKET}/a%20big%2Bone/%C3%A9")
    got = s3.get_object(Bucket=BUCKET, Key=KEY)
    assert got["Body"].read() == PART + LAST
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"run": "7"})
    assert (got["StorageClass"], got["ETag"]) == ("GLACIER_IR", answer["ETag"])


def test_a_part_and_a_range_are_read_across_parts(
    s3: Any, uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin()
    uploads.complete(
        begun,
        [uploads.part(begun, 2, PART), uploads.part(begun, 4, PART), uploads.part(begun, 6, LAST)],
    )
    key = {"Bucket": BUCKET, "Key": KEY}

    across = s3.get_object(**key, Range=f"bytes={5 * MIB - 2}-{10 * MIB + 2}")
    second = s3.get_object(**key, PartNumber=2)
    third = s3.head_object(**key, PartNumber=3)

    assert across["Body"].read() == b"pp" + PART + b"the"
    assert (second["Body"].read(), second["PartsCount"]) == (PART, 3)
    assert second["ContentRange"] == f"bytes {5 * MIB}-{10 * MIB - 1}/{10 * MIB + 8}"
    assert (third["ContentLength"], third["PartsCount"]) == (8, 3)
    assert refused(s3.get_object, **key, PartNumber=4) == "InvalidPartNumber"


def test_a_part_that_comes_again_takes_the_place_of_the_first(
    s3: Any, uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin()
    stale = uploads.part(begun, 1, b"first")
    fresh = uploads.part(begun, 1, b"second")

    assert refused(uploads.complete, upload=begun, parts=[stale]) == "InvalidPart"
    uploads.complete(begun, [fresh])
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"second"


def test_parts_that_are_not_listed_are_left_out(
    s3: Any, uploads: Uploads, blobs: Callable[[], int]
) -> None:
    begun = uploads.begin()
    uploads.part(begun, 1, b"left out")
    uploads.complete(begun, [uploads.part(begun, 2, b"listed")])

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"listed"
    assert blobs() == 1


def test_a_list_that_is_not_of_the_parts_is_refused(
    uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin()
    small, other = uploads.part(begun, 1, b"small"), uploads.part(begun, 2, b"other")
    for parts, code in (
        ([], "MalformedXML"),
        ([{"PartNumber": 3, "ETag": small["ETag"]}], "InvalidPart"),
        ([{"PartNumber": 1, "ETag": other["ETag"]}], "InvalidPart"),
        ([{"PartNumber": 0, "ETag": small["ETag"]}], "InvalidArgument"),
        ([other, small], "InvalidPartOrder"),
        ([small, small], "InvalidPartOrder"),
        ([small, other], "EntityTooSmall"),
    ):
        assert refused(uploads.complete, upload=begun, parts=parts) == code, parts
    assert refused(uploads.complete, upload=begun, parts=[small]) == ""


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_a_part_has_a_number_from_1_to_10000(
    uploads: Uploads, refused: Callable[..., str], number: int
) -> None:
    assert (
        refused(uploads.part, upload=uploads.begin(), number=number, body=b"") == "InvalidArgument"
    )


def test_an_upload_that_is_over_is_no_upload(
    s3: Any, uploads: Uploads, refused: Callable[..., str], blobs: Callable[[], int]
) -> None:
    done = uploads.begin()
    parts = [uploads.part(done, 1, b"")]
    uploads.complete(done, parts)
    aborted = uploads.begin()
    uploads.part(aborted, 1, PART)
    s3.abort_multipart_upload(**aborted)
    elsewhere = uploads.begin() | {"Key": "another"}

    for begun in (done, aborted, elsewhere, done | {"UploadId": "made up"}):
        assert refused(uploads.part, upload=begun, number=1, body=b"x" * 100) == "NoSuchUpload"
        assert refused(uploads.complete, upload=begun, parts=parts) == "NoSuchUpload"
        assert refused(s3.list_parts, **begun) == "NoSuchUpload"
        assert refused(s3.abort_multipart_upload, **begun) == "NoSuchUpload"
    assert blobs() == 0


def test_completing_may_be_conditional(
    s3: Any, uploads: Uploads, refused: Callable[..., str]
) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"there")
    begun = uploads.begin()
    call = {"upload": begun, "parts": [uploads.part(begun, 1, b"new")]}

    assert refused(uploads.complete, **call, IfNoneMatch="*") == "PreconditionFailed"
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"there"
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    assert refused(uploads.complete, **call, IfNoneMatch="*") == ""


def crc32(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4)


def text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def test_a_composite_sum_is_made_of_the_parts_sums(
    s3: Any, uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin(ChecksumAlgorithm="CRC32")
    sums = [crc32(PART), crc32(LAST)]
    parts = [uploads.part(begun, 1, PART), uploads.part(begun, 2, LAST)]
    assert refused(uploads.complete, upload=begun, parts=parts) == "InvalidRequest"
    parts = [one | {"ChecksumCRC32": text(crc)} for one, crc in zip(parts, sums, strict=True)]

    answer = uploads.complete(begun, parts)

    expected = text(crc32(b"".join(sums))) + "-2"
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (expected, "COMPOSITE")
    second = s3.get_object(Bucket=BUCKET, Key=KEY, PartNumber=2)
    assert second["ChecksumCRC32"] == text(sums[1])
    told = s3.get_object_attributes(
        Bucket=BUCKET, Key=KEY, ObjectAttributes=["ObjectParts", "Checksum"]
    )
    assert told["ObjectParts"]["TotalPartsCount"] == 2
    assert [one["Size"] for one in told["ObjectParts"]["Parts"]] == [len(PART), len(LAST)]


def test_a_full_object_sum_is_the_wholes(
    s3: Any, uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin(ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [uploads.part(begun, 1, PART), uploads.part(begun, 2, LAST)]
    wrong = refused(uploads.complete, upload=begun, parts=parts, ChecksumCRC32="AAAAAA==")

    answer = uploads.complete(
        begun, parts, ChecksumCRC32=text(crc32(PART + LAST)), ChecksumType="FULL_OBJECT"
    )

    assert wrong == "BadDigest"
    assert answer["ChecksumType"] == "FULL_OBJECT"
    head = s3.head_object(Bucket=BUCKET, Key=KEY, ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == text(crc32(PART + LAST))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}, "InvalidRequest"),
        ({"ChecksumType": "FULL_OBJECT"}, "InvalidRequest"),
        ({"StorageClass": "FROZEN"}, "InvalidStorageClass"),
        ({"Metadata": {"a": "x" * 2048}}, "MetadataTooLarge"),
        ({"Tagging": "a=1&a=2"}, "InvalidTag"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"Bucket": "absent"}, "NoSuchBucket"),
    ],
    ids=str,
)
def test_what_s3_refuses_at_the_beginning_is_refused(
    s3: Any, refused: Callable[..., str], said: dict[str, Any], code: str
) -> None:
    assert refused(s3.create_multipart_upload, **{"Bucket": BUCKET, "Key": KEY} | said) == code


def test_a_part_with_another_sum_than_the_uploads_is_refused(
    uploads: Uploads, refused: Callable[..., str]
) -> None:
    begun = uploads.begin(ChecksumAlgorithm="SHA256")

    assert refused(uploads.part, upload=begun, number=1, body=b"x") == "InvalidRequest"
    matching = {"ChecksumAlgorithm": "SHA256"}
    assert refused(uploads.part, upload=begun, number=1, body=b"x", **matching) == ""


def test_a_type_of_object_that_looks_like_a_form_is_kept(s3: Any, uploads: Uploads) -> None:
    begun = uploads.begin(ContentType="multipart/form-data; boundary=x")
    uploads.complete(begun, [uploads.part(begun, 1, b"")])

    head = s3.head_object(Bucket=BUCKET, Key=KEY)
    assert head["ContentType"] == "multipart/form-data; boundary=x"


def test_parts_are_listed_in_pages(s3: Any, uploads: Uploads) -> None:
    begun = uploads.begin(StorageClass="STANDARD_IA")
    for number in (5, 1, 9):
        uploads.part(begun, number, b"x" * number)

    first = s3.list_parts(**begun, MaxParts=2)
    marker = first["NextPartNumberMarker"]
    second = s3.list_parts(**begun, PartNumberMarker=marker)

    assert [one["PartNumber"] for one in first["Parts"]] == [1, 5]
    assert [(one["PartNumber"], one["Size"]) for one in second["Parts"]] == [(9, 9)]
    assert (first["IsTruncated"], second["IsTruncated"], marker) == (True, False, 5)
    assert first["StorageClass"] == "STANDARD_IA"
    assert first["Initiator"]["ID"] == first["Owner"]["ID"]


def test_uploads_are_listed_by_prefix_and_in_pages(s3: Any) -> None:
    keys = ["a", "a", "b/1", "b/2", "c+d"]
    ids = [s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"] for key in keys]
    pages = list(
        s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=BUCKET, PaginationConfig={"PageSize": 2}
        )
    )
    listed = [(one["Key"], one["UploadId"]) for page in pages for one in page["Uploads"]]
    rolled = s3.list_multipart_uploads(Bucket=BUCKET, Delimiter="/", Prefix="")
    inside = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="b/", MaxUploads=1)

    assert listed == list(zip(keys, ids, strict=True))
    assert [one["Prefix"] for one in rolled["CommonPrefixes"]] == ["b/"]
    assert [one["Key"] for one in rolled["Uploads"]] == ["a", "a", "c+d"]
    assert (inside["NextKeyMarker"], inside["IsTruncated"]) == ("b/1", True)


def test_an_unfinished_upload_keeps_no_bucket(
    s3: Any, uploads: Uploads, blobs: Callable[[], int]
) -> None:
    uploads.part(uploads.begin(), 1, b"unfinished")

    s3.delete_bucket(Bucket=BUCKET)

    assert s3.list_buckets()["Buckets"] == []
    assert blobs() == 0


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_the_transfer_manager_goes_both_ways(s3: Any, tmp_path: Path, algorithm: str) -> None:
    content = b"".join(str(number).encode() for number in range(2_000_000))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)

    extra = {"ChecksumAlgorithm": algorithm, "ContentType": "text/plain"}
    s3.upload_file(str(source), BUCKET, KEY, ExtraArgs=extra, Config=config)
    s3.download_file(BUCKET, KEY, str(target), Config=config)
    s3.copy({"Bucket": BUCKET, "Key": KEY}, BUCKET, "copy", Config=config)
    copied = io.BytesIO()
    s3.download_fileobj(BUCKET, "copy", copied, Config=config)

    assert target.read_bytes() == content
    assert copied.getvalue() == content
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ContentType"] == "text/plain"
