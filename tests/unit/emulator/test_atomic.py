from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator import atomic


def test_a_file_is_written_with_its_folder_and_replaces_an_earlier_version(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "file.json"
    atomic.write(file, b"1")
    atomic.write(file, b"2")
    assert file.read_bytes() == b"2"
    assert [entry.name for entry in file.parent.iterdir()] == ["file.json"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "folder"
    file.mkdir()
    with pytest.raises(OSError, match="folder"):
        atomic.write(file, b"1")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with atomic.folder(folder) as partial:
        (partial / "file").write_text("1")
        assert not folder.exists()
    assert (folder / "file").read_text() == "1"
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic.folder(tmp_path / "folder"):
        _ = 1 / 0
    assert not any(tmp_path.iterdir())


def test_a_folder_that_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with atomic.folder(folder) as partial:
        (partial / "file").write_text("1")
        folder.mkdir()
        (folder / "file").write_text("2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
    assert (folder / "file").read_text() == "2"
