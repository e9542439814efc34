"""Many clients of the local S3 at once, and how much memory it takes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BUCKET = "records"
KEY = "shared"
SIZE = 4_000_000
MIB = 1024 * 1024


def test_eight_writers_and_eight_readers_never_see_a_torn_body(
    s3: Any, plane: Any, blobs: Callable[[], int]
) -> None:
    bodies = [bytes([number]) * SIZE for number in range(8)]
    whole = {f'"{hashlib.md5(body).hexdigest()}"': body for body in bodies}  # noqa: S324 - as S3
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=bodies[0])
    clients = [plane.client("s3") for _ in range(16)]

    def write(number: int) -> bool:
        for _ in range(6):
            clients[number].put_object(Bucket=BUCKET, Key=KEY, Body=bodies[number])
        return True

    def read(number: int) -> bool:
        seen = []
        for _ in range(12):
            got = clients[8 + number].get_object(Bucket=BUCKET, Key=KEY)
            seen.append(whole[got["ETag"]] == got["Body"].read())
        return all(seen)

    with ThreadPoolExecutor(16) as threads:
        writing = [threads.submit(write, number) for number in range(8)]
        reading = [threads.submit(read, number) for number in range(8)]
        assert all(done.result() for done in (*writing, *reading))
    # A reader lets go of a body when its last byte is sent, which may be after it was received.
    while blobs() > 1:
        s3.head_bucket(Bucket=BUCKET)
    assert blobs() == 1


def test_a_read_outlives_an_overwrite_and_a_delete(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"a" * SIZE)
    got = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"]
    beginning = got.read(10)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"b" * SIZE)
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert beginning + got.read() == b"a" * SIZE


def peak(plane: Any) -> int:
    status = Path(f"/proc/{plane.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


class Zeros(io.RawIOBase):
    """So many bytes, without being them."""

    def __init__(self, size: int) -> None:
        self.left = self.size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size - self.left

    def seek(self, offset: int, whence: int = 0) -> int:
        self.left = self.size - offset if whence == io.SEEK_SET else max(0, -offset)
        return self.tell()

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self.left)
        buffer[:size] = bytes(size)
        self.left -= size
        return size


def test_a_large_object_takes_no_memory_of_its_size(s3: Any, plane: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="warm", Body=Zeros(4 * MIB))
    s3.get_object(Bucket=BUCKET, Key="warm")["Body"].read()
    before = peak(plane)

    s3.put_object(Bucket=BUCKET, Key=KEY, Body=Zeros(96 * MIB))
    body = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"]
    received = sum(len(chunk) for chunk in body.iter_chunks(MIB))

    assert received == 96 * MIB
    assert peak(plane) - before < 16 * MIB
