from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from lambdameter.build.archive import Member, folder_members, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "inner" / "__pycache__").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "handler.py").write_text("pass\n")
    (folder / "inner" / "tool.sh").write_text("#!/bin/sh\n")
    (folder / "inner" / "tool.sh").chmod(0o755)
    (folder / "inner" / "__pycache__" / "x.pyc").write_text("x")
    (folder / ".env").write_text("SECRET=1")
    return folder


def test_dotfiles_and_caches_are_left_out(source: Path) -> None:
    assert sorted(folder_members(source)) == ["handler.py", "inner/tool.sh"]


def test_the_same_files_give_the_same_zip_whenever_they_were_written(
    source: Path, tmp_path: Path
) -> None:
    first = write(folder_members(source), tmp_path / "one")
    os.utime(source / "handler.py", (1, 1))
    second = write(folder_members(source), tmp_path / "two")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "other",
    [
        {"a": Member(b"y", runnable=False)},
        {"a": Member(b"x", runnable=True)},
        {"b": Member(b"x", runnable=False)},
        {"a": Member(b"x", runnable=False), "b": Member(b"", runnable=False)},
    ],
)
def test_other_content_mode_or_name_is_another_zip(
    tmp_path: Path, other: dict[str, Member]
) -> None:
    known = write({"a": Member(b"x", runnable=False)}, tmp_path)
    assert write(other, tmp_path).path != known.path


def test_a_zip_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    members = {"a": Member(b"x", runnable=False)}
    before = write(members, tmp_path).path.stat()
    after = write(members, tmp_path).path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_zip_holds_content_and_modes(source: Path, tmp_path: Path) -> None:
    archive = write(folder_members(source), tmp_path / "cache")
    with zipfile.ZipFile(archive.path) as zipped:
        modes = {entry.filename: entry.external_attr >> 16 for entry in zipped.infolist()}
        assert zipped.read("handler.py") == b"pass\n"
    assert modes == {"handler.py": 0o100644, "inner/tool.sh": 0o100755}
    assert archive.unzipped_bytes == len("pass\n") + len("#!/bin/sh\n")
    assert archive.zip_bytes == archive.path.stat().st_size


def test_nothing_but_the_zip_is_left_in_the_cache(tmp_path: Path) -> None:
    archive = write({"a": Member(b"x", runnable=False)}, tmp_path)
    assert list(tmp_path.iterdir()) == [archive.path]
