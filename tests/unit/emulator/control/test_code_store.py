from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from lambdameter.emulator.control import code_store
from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.control.code_store import CodeStore


def package(*entries: tuple[str, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "content")
    return buffer.getvalue()


def test_a_package_lies_unzipped_with_its_modes(tmp_path: Path) -> None:
    code = CodeStore(tmp_path).store(package(("bootstrap", 0o755), ("lib/data", 0o600)))
    folder = Path(code.folder)
    assert (folder / "bootstrap").stat().st_mode & 0o111 == 0o111
    assert (folder / "lib" / "data").stat().st_mode & 0o444 == 0o444


def test_code_sha256_is_the_zips_own(tmp_path: Path) -> None:
    zipped = package(("a", 0))
    expected = base64.b64encode(hashlib.sha256(zipped).digest()).decode()
    assert CodeStore(tmp_path).store(zipped).sha256 == expected


def test_the_same_package_is_stored_once(tmp_path: Path) -> None:
    store, zipped = CodeStore(tmp_path), package(("a", 0))
    assert store.store(zipped) == store.store(zipped)
    assert len(list(tmp_path.iterdir())) == 1


def test_no_entry_leaves_its_folder(tmp_path: Path) -> None:
    CodeStore(tmp_path / "code").store(package(("../../escaped", 0o644)))
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


def test_what_is_no_zip_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="Could not unzip uploaded file"):
        CodeStore(tmp_path).store(b"no zip")
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_unzips_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_store, "MAX_UNZIPPED_BYTES", 6)
    with pytest.raises(ApiError, match="Unzipped size must be smaller than 6 bytes"):
        CodeStore(tmp_path).store(package(("a", 0)))
