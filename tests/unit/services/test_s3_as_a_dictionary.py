"""The local S3 against a dictionary: whatever is done to both, they stay alike."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

BUCKET = "records"
# What keys are made of: what a path, a URL, a form, XML or a shell takes for something else.
PIECES = [
    *("/", "//", ".", "..", "a", "B", "0", "null", " ", "\t", "\n", "\r", "\x01"),
    *("é", "e\u0301", "字", "😀", "\uffff", "\U0010ffff", "%", "%2B", "%2F", "+"),
    *"?#&=;'\"<>\\~*$|^`{}[]-_:@",
]
KEYS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
DELIMITERS = st.one_of(st.just("/"), st.just("/"), st.sampled_from(PIECES))


def utf_8(text: str) -> bytes:
    return text.encode()


def listing(
    keys: list[str], prefix: str, delimiter: str, after: str
) -> tuple[list[str], list[str]]:
    """What S3 lists: the keys behind `after`, of which those with a delimiter are rolled up."""
    wanted = [key for key in keys if key.startswith(prefix) and utf_8(key) > utf_8(after)]
    plain, rolled = [], set()
    for key in wanted:
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if found:
            rolled.add(prefix + head + found)
        else:
            plain.append(key)
    return sorted(plain, key=utf_8), sorted(rolled, key=utf_8)


def listed(s3: Any, size: int, **query: Any) -> tuple[list[str], list[str]]:
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": size}, **query
    )
    keys, prefixes = [], []
    for page in pages:
        keys += [item["Key"] for item in page.get("Contents", [])]
        prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
    return keys, prefixes


def emptied(s3: Any) -> None:
    for key in listed(s3, 1000)[0]:
        s3.delete_object(Bucket=BUCKET, Key=key)


class Dictionary(RuleBasedStateMachine):
    """A bucket, and a dictionary of what must be in it."""

    s3: Any

    @initialize()
    def empty(self) -> None:
        emptied(self.s3)
        self.expected: dict[str, bytes] = {}

    def some_key(self, data: st.DataObject) -> str:
        known = sorted(self.expected)
        return data.draw(st.one_of(KEYS, st.sampled_from(known)) if known else KEYS, "key")

    @rule(data=st.data(), body=st.binary(max_size=64))
    def put(self, data: st.DataObject, body: bytes) -> None:
        key = self.some_key(data)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        self.expected[key] = body

    @rule(data=st.data())
    def get(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        try:
            found = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            found = None
        assert found == self.expected.get(key)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = self.some_key(data)
        self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.expected.pop(key, None)

    @rule(data=st.data(), to=KEYS)
    def copy(self, data: st.DataObject, to: str) -> None:
        key = self.some_key(data)
        copy = {"Bucket": BUCKET, "Key": to, "CopySource": {"Bucket": BUCKET, "Key": key}}
        if key not in self.expected:
            with pytest.raises(self.s3.exceptions.ClientError, match="NoSuchKey"):
                self.s3.copy_object(**copy, MetadataDirective="REPLACE")
        else:
            self.s3.copy_object(**copy, MetadataDirective="REPLACE")
            self.expected[to] = self.expected[key]

    @rule(data=st.data(), delimiter=DELIMITERS, size=st.integers(1, 9))
    def list(self, data: st.DataObject, delimiter: str, size: int) -> None:
        key = self.some_key(data)
        prefix = key[: data.draw(st.integers(0, len(key)), "prefix")]
        after = data.draw(st.one_of(st.just(""), KEYS), "after")
        query = {"Prefix": prefix, "Delimiter": delimiter, "StartAfter": after}
        expected = listing(list(self.expected), prefix, delimiter, after)
        assert listed(self.s3, size, **query) == expected

    @invariant()
    def whole(self) -> None:
        if hasattr(self, "expected"):
            assert listed(self.s3, 1000)[0] == sorted(self.expected, key=utf_8)


def test_whatever_is_done_to_it_it_stays_a_dictionary(s3: Any) -> None:
    class OfThisTest(Dictionary):
        pass

    OfThisTest.s3 = s3
    run_state_machine_as_test(
        OfThisTest,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def odd_keys() -> list[str]:
    draw = random.Random(5)  # noqa: S311 - no secret, the same each run
    keys = {"".join(draw.choices(PIECES, k=draw.randint(1, 14))) for _ in range(1100)}
    return sorted(keys)[:1000]


def test_a_thousand_odd_keys_are_each_its_own(s3: Any, odd_keys: list[str]) -> None:
    draw = random.Random(6)  # noqa: S311 - as above
    for key in odd_keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    for key in odd_keys:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    for _ in range(60):
        key = draw.choice(odd_keys)
        prefix = key[: draw.randint(0, 3)]
        delimiter = draw.choice(["", "/", "/", *PIECES])
        after = draw.choice(["", draw.choice(odd_keys)])
        query = {"Prefix": prefix, "Delimiter": delimiter, "StartAfter": after}
        size = draw.choice([7, 100, 1000])
        assert listed(s3, size, **query) == listing(odd_keys, prefix, delimiter, after), query
    for key in odd_keys:
        s3.delete_object(Bucket=BUCKET, Key=key)
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
