"""Buckets and tags of the local S3, and what it does not have.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "records"
KEY = "report.csv"


@pytest.mark.parametrize("name", ["a-b.c", "123", "b" * 63, "0bucket", "with.dots-and-dashes9"])
def test_a_bucket_has_a_name_of_s3s(s3: Any, refused: Callable[..., str], name: str) -> None:
    assert refused(s3.create_bucket, Bucket=name) == ""
    assert name in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "under_score", "b" * 64, "a..b", "192.168.5.4", "-a-b", "a-b-", "xn--abc",
     "sthree-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "amzn-s3-demo-abc"],
)  # fmt: skip
def test_a_name_that_is_none_is_refused(s3: Any, refused: Callable[..., str], name: str) -> None:
    s3.meta.events.unregister("before-parameter-build.s3", unique_id="s3-bucket-name")
    assert refused(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def test_a_bucket_of_ones_own_is_made_again_in_us_east_1_alone(
    s3: Any, refused: Callable[..., str]
) -> None:
    s3.create_bucket(Bucket="plain")
    there = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}

    assert refused(s3.create_bucket, Bucket="plain") == ""
    assert refused(s3.create_bucket, Bucket=BUCKET, **there) == "BucketAlreadyOwnedByYou"


def test_a_bucket_tells_its_region(s3: Any) -> None:
    s3.create_bucket(Bucket="plain")

    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket="plain")["LocationConstraint"] is None
    assert s3.head_bucket(Bucket=BUCKET)["BucketRegion"] == "eu-west-1"
    assert s3.head_bucket(Bucket="plain")["BucketRegion"] == "us-east-1"


def test_buckets_are_listed_in_pages(s3: Any) -> None:
    for name in ("aaa", "bbb", "bb2"):
        s3.create_bucket(Bucket=name)

    pages = s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2})
    names = [bucket["Name"] for page in pages for bucket in page["Buckets"]]
    prefixed = s3.list_buckets(Prefix="bb")["Buckets"]

    assert names == ["aaa", "bb2", "bbb", BUCKET]
    assert [bucket["Name"] for bucket in prefixed] == ["bb2", "bbb"]


def test_an_absent_bucket_is_told_as_such(s3: Any, refused: Callable[..., str]) -> None:
    for call in (s3.delete_bucket, s3.get_bucket_location, s3.get_bucket_acl, s3.list_objects):
        assert refused(call, Bucket="absent") == "NoSuchBucket"
    assert refused(s3.head_bucket, Bucket="absent") == "404"
    assert refused(s3.get_bucket_policy, Bucket="absent") == "NoSuchBucket"


def test_tags_are_put_read_and_deleted_without_another_date(s3: Any) -> None:
    key = {"Bucket": BUCKET, "Key": KEY}
    s3.put_object(**key, Body=b"", Tagging="team=etl&a%20b=x%2By")
    assert s3.get_object(**key)["TagCount"] == 2
    before = s3.head_object(**key)["LastModified"]
    assert s3.get_object_tagging(**key)["TagSet"] == [
        {"Key": "team", "Value": "etl"},
        {"Key": "a b", "Value": "x+y"},
    ]

    tags = [{"Key": "łódź", "Value": ""}]
    s3.put_object_tagging(**key, Tagging={"TagSet": tags})
    assert s3.get_object_tagging(**key)["TagSet"] == tags
    s3.delete_object_tagging(**key)
    assert s3.get_object_tagging(**key)["TagSet"] == []
    assert s3.head_object(**key)["LastModified"] == before
    assert "TagCount" not in s3.get_object(**key)


@pytest.mark.parametrize(
    "tags",
    [
        [("k" * 129, "v")],
        [("k", "v" * 257)],
        [("k", "1"), ("k", "2")],
        [(f"k{number}", "v") for number in range(11)],
        [("aws:k", "v")],
        [("k", "semi;colon")],
    ],
)
def test_tags_beyond_s3s_limits_are_refused(
    s3: Any, refused: Callable[..., str], tags: list[tuple[str, str]]
) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"")
    pairs = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}

    put = {"Bucket": BUCKET, "Key": KEY, "Tagging": pairs}
    assert refused(s3.put_object_tagging, **put) == "InvalidTag"
    absent = {"Bucket": BUCKET, "Key": "absent", "Tagging": {"TagSet": []}}
    assert refused(s3.put_object_tagging, **absent) == "NoSuchKey"


def test_the_owner_has_full_control_of_everything(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"")

    for told in (s3.get_bucket_acl(Bucket=BUCKET), s3.get_object_acl(Bucket=BUCKET, Key=KEY)):
        [grant] = told["Grants"]
        assert grant["Permission"] == "FULL_CONTROL"
        assert grant["Grantee"]["ID"] == told["Owner"]["ID"]


def test_versioning_was_never_set(s3: Any, refused: Callable[..., str]) -> None:
    told = s3.get_bucket_versioning(Bucket=BUCKET)

    assert "Status" not in told
    enabled = {"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Enabled"}}
    assert refused(s3.put_bucket_versioning, **enabled) == "NotImplemented"


@pytest.mark.parametrize(
    ("operation", "said", "code"),
    [
        ("get_bucket_policy", {}, "NoSuchBucketPolicy"),
        ("get_bucket_cors", {}, "NoSuchCORSConfiguration"),
        ("get_bucket_lifecycle_configuration", {}, "NoSuchLifecycleConfiguration"),
        ("get_bucket_tagging", {}, "NoSuchTagSet"),
        ("get_bucket_website", {}, "NoSuchWebsiteConfiguration"),
        ("get_object_lock_configuration", {}, "ObjectLockConfigurationNotFoundError"),
        ("get_bucket_encryption", {}, "NotImplemented"),
        ("put_bucket_policy", {"Policy": "{}"}, "NotImplemented"),
        ("put_bucket_acl", {"ACL": "private"}, "AccessControlListNotSupported"),
        ("put_object_acl", {"Key": KEY, "ACL": "private"}, "AccessControlListNotSupported"),
        ("put_object_retention", {"Key": KEY}, "InvalidRequest"),
        ("restore_object", {"Key": KEY}, "NotImplemented"),
        ("delete_bucket_policy", {}, "NotImplemented"),
    ],
)
def test_what_is_not_there_is_refused_by_its_own_error(
    s3: Any, refused: Callable[..., str], operation: str, said: dict[str, Any], code: str
) -> None:
    assert refused(getattr(s3, operation), Bucket=BUCKET, **said) == code


def test_what_is_not_implemented_says_whose_that_is(s3: Any) -> None:
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.put_bucket_policy(Bucket=BUCKET, Policy="{}")

    assert "The local S3 does not have PutBucketPolicy" in str(refused.value)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert refused.value.response["ResponseMetadata"]["RequestId"]


def test_operations_are_counted_by_their_names(s3: Any, plane: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"", Tagging="a=1")
    s3.get_object_tagging(Bucket=BUCKET, Key=KEY)
    s3.list_object_versions(Bucket=BUCKET)
    s3.get_bucket_versioning(Bucket=BUCKET)

    counted = plane.usage("AKIDTEST")["requests"]
    assert counted == {
        "s3.CreateBucket": 1,
        "s3.GetBucketVersioning": 1,
        "s3.GetObjectTagging": 1,
        "s3.ListObjectVersions": 1,
        "s3.PutObject": 1,
    }
