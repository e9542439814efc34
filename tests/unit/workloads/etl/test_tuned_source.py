"""An object whose body breaks off while it is read."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, FlexibleChecksumError, ResponseStreamingError

OBJECT = bytes(range(256)) * 40


class Body:
    """Gives so many bytes at most at once, and breaks off before its end where asked."""

    def __init__(self, content: bytes, breaks: Exception | None) -> None:
        self._content = io.BytesIO(content)
        self._breaks = breaks

    def read(self, size: int) -> bytes:
        piece = self._content.read(min(size, 1_000))
        if not piece and self._breaks is not None:
            raise self._breaks
        return piece


class Bucket:
    """One object; `cuts` says after how many bytes each answer in turn breaks off."""

    def __init__(self, *cuts: int, error: Exception | None = None) -> None:
        self.asked: list[dict[str, str]] = []
        self._cuts = list(cuts)
        self._error = error or ResponseStreamingError(error="the connection was cut")

    def get(self, **part: str) -> dict[str, Any]:
        self.asked.append(part)
        if part.get("IfMatch", "v1") != "v1":
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        start = int(part.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        cut = self._cuts.pop(0) if self._cuts else None
        content = OBJECT[start:] if cut is None else OBJECT[start : start + cut]
        return {"ETag": "v1", "Body": Body(content, None if cut is None else self._error)}


def read(tuned: SimpleNamespace, bucket: Bucket, slept: list[float] | None = None) -> bytes:
    sleep = [].append if slept is None else slept.append
    return bytes(io.BufferedReader(tuned.source.Source(bucket.get, sleep), 700).read())


def test_a_body_is_read_to_its_end(python_tuned: SimpleNamespace) -> None:
    bucket = Bucket()
    assert read(python_tuned, bucket) == OBJECT
    assert bucket.asked == [{}]


def test_a_body_that_breaks_off_is_read_on_from_there(python_tuned: SimpleNamespace) -> None:
    bucket = Bucket(2_500, 0, 3_000)
    slept: list[float] = []
    assert read(python_tuned, bucket, slept) == OBJECT
    assert bucket.asked == [
        {},
        {"Range": "bytes=2500-", "IfMatch": "v1"},
        {"Range": "bytes=2500-", "IfMatch": "v1"},
        {"Range": "bytes=5500-", "IfMatch": "v1"},
    ]
    assert len(slept) == 3


def test_the_fourth_break_is_the_answer(python_tuned: SimpleNamespace) -> None:
    with pytest.raises(ResponseStreamingError):
        read(python_tuned, Bucket(10, 10, 10, 10))


def test_a_body_that_is_wrong_is_not_read_on(python_tuned: SimpleNamespace) -> None:
    bucket = Bucket(10, error=FlexibleChecksumError(error_msg="it differs"))
    with pytest.raises(FlexibleChecksumError):
        read(python_tuned, bucket)
    assert len(bucket.asked) == 1


def test_an_object_that_was_replaced_meanwhile_is_not_mixed_in(
    python_tuned: SimpleNamespace,
) -> None:
    bucket = Bucket(10)
    source = python_tuned.source.Source(bucket.get, lambda _seconds: None)
    source._version = "v0"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        source.read()


def test_waiting_for_s3_is_counted(python_tuned: SimpleNamespace) -> None:
    source = python_tuned.source.Source(Bucket().get)
    opened = source.waited_s
    source.read(100)
    assert 0 < opened < source.waited_s
