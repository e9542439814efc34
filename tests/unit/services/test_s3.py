"""S3 as boto3 sees it."""

from __future__ import annotations

import io
import random
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

BUCKET = "records"
KEY = "in put/Łódź.json"
CONTENT = random.Random(3).randbytes(17_100_000)  # noqa: S311 - no secret, the same each run


def test_17_megabytes_read_back_byte_for_byte(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == CONTENT


def test_a_streamed_upload_with_trailing_checksum_is_stored_without_its_chunks(s3: Any) -> None:
    sent = s3.put_object(Bucket=BUCKET, Key=KEY, Body=io.BytesIO(CONTENT[:100_000]))
    got = s3.get_object(Bucket=BUCKET, Key=KEY)

    assert got["Body"].read() == CONTENT[:100_000]
    assert got["ChecksumCRC32"] == sent["ChecksumCRC32"]
    assert "ContentEncoding" not in got


def test_a_multipart_upload_reads_back_byte_for_byte(s3: Any) -> None:
    s3.upload_fileobj(io.BytesIO(CONTENT), BUCKET, KEY)

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == CONTENT


def test_an_upload_that_does_not_match_its_checksum_is_refused_and_not_stored(s3: Any) -> None:
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"other", ChecksumSHA256="A" * 43 + "=")

    assert refused.value.response["Error"]["Code"] == "BadDigest"
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=5-9", CONTENT[5:10]),
        ("bytes=999990-", CONTENT[999_990:1_000_000]),
        ("bytes=-7", CONTENT[999_993:1_000_000]),
    ],
)
def test_a_range_is_cut_from_the_object(s3: Any, asked: str, expected: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT[:1_000_000])

    got = s3.get_object(Bucket=BUCKET, Key=KEY, Range=asked)

    assert got["Body"].read() == expected
    assert got["ContentLength"] == len(expected)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_head_tells_size_type_and_metadata(s3: Any) -> None:
    s3.put_object(
        Bucket=BUCKET, Key=KEY, Body=b"{}", ContentType="application/json", Metadata={"run": "7"}
    )

    head = s3.head_object(Bucket=BUCKET, Key=KEY)

    assert (head["ContentLength"], head["ContentType"]) == (2, "application/json")
    assert head["Metadata"] == {"run": "7"}


def test_a_listing_pages_through_the_keys_of_a_prefix(s3: Any) -> None:
    keys = [f"a/{number}" for number in range(5)]
    for key in [*keys, "b/0"]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")

    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="a/", PaginationConfig={"PageSize": 2}
    )

    assert [item["Key"] for page in pages for item in page["Contents"]] == keys


def test_a_bucket_goes_only_when_its_objects_are_gone(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="one", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="two", Body=b"")

    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.delete_bucket(Bucket=BUCKET)
    s3.delete_object(Bucket=BUCKET, Key="one")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "two"}]})
    s3.delete_bucket(Bucket=BUCKET)

    assert refused.value.response["Error"]["Code"] == "BucketNotEmpty"
    assert s3.list_buckets()["Buckets"] == []


def test_missing_keys_and_buckets_are_told_apart(s3: Any) -> None:
    codes = []
    for bucket in (BUCKET, "absent"):
        with pytest.raises(s3.exceptions.ClientError) as missing:
            s3.get_object(Bucket=bucket, Key="absent")
        codes.append(missing.value.response["Error"]["Code"])

    assert codes == ["NoSuchKey", "NoSuchBucket"]


def test_an_upload_to_a_missing_bucket_is_refused(s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="absent", Key=KEY, Body=b"")


def outcome(client: Any, put: dict[str, Any]) -> str:
    """What becomes of a conditional write."""
    try:
        client.put_object(Bucket=BUCKET, **put)
    except client.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return "written"


def test_a_write_whose_condition_does_not_hold_is_refused(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"first")["ETag"]

    assert outcome(s3, {"Key": KEY, "Body": b"x", "IfNoneMatch": "*"}) == "PreconditionFailed"
    assert outcome(s3, {"Key": KEY, "Body": b"second", "IfMatch": etag}) == "written"
    assert outcome(s3, {"Key": KEY, "Body": b"x", "IfMatch": etag}) == "PreconditionFailed"
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"second"


def test_of_conditional_writes_at_once_exactly_one_is_done(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key="there", Body=b"")["ETag"]
    writers, size = 10, 500_000
    for condition in ({"Key": "new", "IfNoneMatch": "*"}, {"Key": "there", "IfMatch": etag}):
        puts = [condition | {"Body": bytes([number]) * size} for number in range(writers)]
        with ThreadPoolExecutor(writers) as threads:
            came = list(threads.map(outcome, [s3] * writers, puts))
        assert sorted(came) == ["PreconditionFailed"] * (writers - 1) + ["written"]
        stored = s3.get_object(Bucket=BUCKET, Key=condition["Key"])["Body"].read()
        assert stored == puts[came.index("written")]["Body"]


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_a_presigned_url_is_served_to_a_client_without_credentials(
    s3: Any, plane: Any, signature: str
) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"presigned")
    signer = plane.client("s3", "AKIDSIGNER", signature)
    url = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY})

    trust = ssl.create_default_context(cafile=plane.announced["ca_bundle"])
    with urllib.request.urlopen(url, context=trust) as answer:  # noqa: S310 - our own address
        assert answer.read() == b"presigned"
    assert plane.usage("AKIDSIGNER")["requests"] == {"s3.GetObject": 1}
