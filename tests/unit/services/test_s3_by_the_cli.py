"""The AWS CLI's own S3 commands, on odd keys of the local S3."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUCKET = "records"
# Names that files may have as well.
NAMES = ["a+b", "x%2By", "2026-01-01T00:00:00+01:00.json", "with space", "é/ł ó", "日本/語😀",
         "q?m&a=m#p", "quote'\"", "tilde~star*", "deep/er/and/deeper", "100%"]  # fmt: skip
# Names that no file has.
NO_FILES = ["a/../b", "//", "a//b", "dir/", "../up", "\x01", "tab\t"]


@pytest.fixture
def aws(plane: Any, tmp_path: Path) -> Callable[..., str]:
    """Runs `aws s3 ...`; what it prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "AKIDCLI",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": plane.announced["s3"],
        "AWS_CA_BUNDLE": plane.announced["ca_bundle"],
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "awscli", "s3", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with odd names."""
    for name in NAMES:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        # S3's dates are whole seconds: what was written in the same one would look new to `sync`.
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return tmp_path / "files"


def keys(s3: Any, bucket: str = BUCKET) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_sync_goes_both_ways_and_finds_nothing_to_do_twice(
    s3: Any, aws: Callable[..., str], folder: Path, tmp_path: Path
) -> None:
    aws("sync", str(folder), f"s3://{BUCKET}")
    assert keys(s3) == set(NAMES)
    assert aws("sync", str(folder), f"s3://{BUCKET}") == ""

    back = tmp_path / "back"
    aws("sync", f"s3://{BUCKET}", str(back))
    assert files(back) == {name: name for name in NAMES}

    s3.create_bucket(Bucket="mirror")
    aws("sync", f"s3://{BUCKET}", "s3://mirror")
    assert keys(s3, "mirror") == set(NAMES)
    (folder / "a+b").unlink()
    aws("sync", "--delete", str(folder), f"s3://{BUCKET}")
    assert keys(s3) == set(NAMES) - {"a+b"}


def test_ls_prints_the_names_and_folders(s3: Any, aws: Callable[..., str]) -> None:
    for name in NAMES:
        s3.put_object(Bucket=BUCKET, Key=name, Body=name.encode())

    recursive = aws("ls", "--recursive", f"s3://{BUCKET}").splitlines()
    top = aws("ls", f"s3://{BUCKET}").splitlines()

    assert {line[31:] for line in recursive} == set(NAMES)
    assert {line.strip().removeprefix("PRE ") for line in top if "PRE " in line} == {
        "é/",
        "日本/",
        "deep/",
    }
    assert BUCKET in aws("ls")


def test_cp_mv_and_rm_take_each_name(
    s3: Any, aws: Callable[..., str], folder: Path, tmp_path: Path
) -> None:
    for name in ("x%2By", "日本/語😀"):
        at = f"s3://{BUCKET}/{name}"
        aws("cp", str(folder / name), at)
        aws("cp", at, str(tmp_path / "copied"))
        assert (tmp_path / "copied").read_text() == name
        aws("cp", at, f"{at}.copy")
        aws("mv", f"{at}.copy", f"{at}.moved")
        assert keys(s3) == {name, f"{name}.moved"}
        aws("rm", at)
        aws("rm", f"{at}.moved")
    assert keys(s3) == set()


def test_rb_force_empties_and_removes_a_bucket(s3: Any, aws: Callable[..., str]) -> None:
    for name in [*NAMES, *NO_FILES]:
        s3.put_object(Bucket=BUCKET, Key=name, Body=b"")

    aws("rb", "--force", f"s3://{BUCKET}")

    assert s3.list_buckets()["Buckets"] == []


def test_a_large_file_goes_in_parts(s3: Any, aws: Callable[..., str], tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(20_000_000))

    aws("cp", str(source), f"s3://{BUCKET}/big+one")
    aws("cp", f"s3://{BUCKET}/big+one", str(target))

    assert target.read_bytes() == source.read_bytes()
    assert s3.head_object(Bucket=BUCKET, Key="big+one")["ETag"].endswith('-3"')
