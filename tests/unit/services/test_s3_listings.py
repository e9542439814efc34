"""Listings of the local S3: pages, prefixes, delimiters, encodings.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "records"
KEYS = ["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "z+ é"]


@pytest.fixture
def s3(s3: Any) -> Any:
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    return s3


def names(page: Any) -> list[str]:
    keys = [item["Key"] for item in page.get("Contents", [])]
    return keys + [f"{item['Prefix']}*" for item in page.get("CommonPrefixes", [])]


def listed(s3: Any, **query: Any) -> list[str]:
    return names(s3.list_objects_v2(Bucket=BUCKET, **query))


def test_a_listing_has_what_is_known_of_each_object(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="cold", Body=b"1234", StorageClass="GLACIER_IR")

    [item] = s3.list_objects_v2(Bucket=BUCKET, Prefix="cold")["Contents"]
    head = s3.head_object(Bucket=BUCKET, Key="cold")

    assert (item["Size"], item["StorageClass"]) == (4, "GLACIER_IR")
    assert (item["ETag"], item["LastModified"]) == (head["ETag"], head["LastModified"])
    assert item["ChecksumAlgorithm"] == ["CRC32"]
    assert "Owner" not in item


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, KEYS),
        ({"Prefix": "a/"}, ["a/1", "a/2", "a/b/3"]),
        ({"Prefix": "absent"}, []),
        ({"Prefix": "z+ "}, ["z+ é"]),
        ({"Delimiter": "/"}, ["a", "a0", "z+ é", "a/*", "b/*"]),
        ({"Delimiter": "/", "Prefix": "a/"}, ["a/1", "a/2", "a/b/*"]),
        ({"Delimiter": "/b"}, ["a", "a/1", "a/2", "a0", "b/1", "z+ é", "a/b*"]),
        ({"Delimiter": ""}, KEYS),
        ({"StartAfter": "a/2"}, ["a/b/3", "a0", "b/1", "z+ é"]),
        ({"StartAfter": "a/2", "Delimiter": "/"}, ["a0", "z+ é", "a/*", "b/*"]),
        ({"StartAfter": "zz"}, []),
        ({"StartAfter": "A", "Prefix": "b"}, ["b/1"]),
    ],
)
def test_prefix_delimiter_and_start_choose_the_keys(
    s3: Any, query: Any, expected: list[str]
) -> None:
    assert listed(s3, **query) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_of_any_size_add_up_to_the_whole(
    s3: Any, operation: str, size: int, delimiter: str
) -> None:
    query = {"Bucket": BUCKET, "Delimiter": delimiter}
    pages = list(s3.get_paginator(operation).paginate(**query, PaginationConfig={"PageSize": size}))

    whole = listed(s3, Delimiter=delimiter)
    assert sorted(name for page in pages for name in names(page)) == sorted(whole)
    assert all(len(names(page)) <= size for page in pages)
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


def test_common_prefixes_count_as_keys_do(s3: Any) -> None:
    page = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/", MaxKeys=2)

    assert names(page) == ["a", "a/*"]
    assert (page["KeyCount"], page["MaxKeys"], page["IsTruncated"]) == (2, 2, True)


def test_version_1_has_a_next_marker_where_there_is_a_delimiter(s3: Any) -> None:
    rolled = s3.list_objects(Bucket=BUCKET, Delimiter="/", MaxKeys=2)
    plain = s3.list_objects(Bucket=BUCKET, MaxKeys=2)
    rest = s3.list_objects(Bucket=BUCKET, Delimiter="/", Marker=rolled["NextMarker"])

    assert rolled["NextMarker"] == "a/"
    assert "NextMarker" not in plain
    assert names(rest) == ["a0", "z+ é", "b/*"]
    assert rest["Contents"][0]["Owner"]["ID"]


def test_none_or_more_than_a_thousand_may_be_asked_for(s3: Any) -> None:
    nothing = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)
    many = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=5000)

    assert (nothing["KeyCount"], nothing["IsTruncated"]) == (0, False)
    assert (many["KeyCount"], many["MaxKeys"]) == (len(KEYS), 1000)


def test_more_than_a_thousand_keys_come_in_pages(s3: Any) -> None:
    for number in range(1001 - len(KEYS)):
        s3.put_object(Bucket=BUCKET, Key=f"m/{number:04}", Body=b"")

    first = s3.list_objects_v2(Bucket=BUCKET)
    token = first["NextContinuationToken"]
    second = s3.list_objects_v2(Bucket=BUCKET, ContinuationToken=token, StartAfter="zzz")

    assert (first["KeyCount"], second["KeyCount"]) == (1000, 1)
    assert second["ContinuationToken"] == token


def test_names_are_encoded_where_a_client_asks_for_it(s3: Any) -> None:
    # boto3 takes the encoding off by itself only where it asked for it by itself.
    answer = s3.list_objects_v2(
        Bucket=BUCKET, Prefix="z+ ", Delimiter="+ ", StartAfter="a b", EncodingType="url"
    )

    assert answer["EncodingType"] == "url"
    assert (answer["Prefix"], answer["Delimiter"], answer["StartAfter"]) == (
        "z%2B+",
        "%2B+",
        "a+b",
    )
    assert answer["Contents"][0]["Key"] == "z%2B+%C3%A9"


def test_the_owner_is_told_where_it_is_asked_for(s3: Any) -> None:
    page = s3.list_objects_v2(Bucket=BUCKET, FetchOwner=True)

    assert all(item["Owner"]["ID"] for item in page["Contents"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"ContinuationToken": "made up"}, "InvalidArgument"),
        ({"ContinuationToken": ""}, "InvalidArgument"),
        ({"MaxKeys": -1}, "InvalidArgument"),
        ({"EncodingType": "base64"}, "InvalidArgument"),
        ({"Bucket": "absent"}, "NoSuchBucket"),
    ],
)
def test_a_bad_query_has_one_clear_error(
    s3: Any, refused: Callable[..., str], query: Any, code: str
) -> None:
    assert refused(s3.list_objects_v2, **{"Bucket": BUCKET} | query) == code


def test_each_object_is_its_only_version(s3: Any) -> None:
    page = s3.list_object_versions(Bucket=BUCKET, MaxKeys=2)
    rest = s3.list_object_versions(
        Bucket=BUCKET, KeyMarker=page["NextKeyMarker"], VersionIdMarker="null"
    )

    keys = [version["Key"] for version in page["Versions"] + rest["Versions"]]
    assert keys == KEYS
    assert {version["VersionId"] for version in rest["Versions"]} == {"null"}
    assert all(version["IsLatest"] for version in rest["Versions"])
