"""Deployment packages, each unzipped once: content-addressed folders below the state folder."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path

import msgspec

from lambdameter.emulator import atomic
from lambdameter.emulator.control.api_errors import invalid_parameter

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_UNZIPPED_BYTES = 262_144_000

_UNIX_MODE_SHIFT = 16
_PERMISSIONS = 0o777
_READABLE = 0o444
_FOLDER_MODE = 0o755


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A stored package; `sha256` in base64, as Lambda's CodeSha256 has it."""

    folder: str
    sha256: str
    size: int


class CodeStore:
    """Below `root`, one folder per distinct package."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def store(self, package: bytes) -> Code:
        """Unzip, unless the same package is there already. Blocks: call it in a thread.

        Raises:
            ApiError: it is not a zip, or it is too large.
        """
        digest = hashlib.sha256(package)
        folder = self._root / digest.hexdigest()
        if not folder.is_dir():
            self._unzip(package, folder)
        return Code(
            folder=str(folder),
            sha256=base64.b64encode(digest.digest()).decode(),
            size=len(package),
        )

    @staticmethod
    def _unzip(package: bytes, folder: Path) -> None:
        try:
            with (
                zipfile.ZipFile(io.BytesIO(package)) as archive,
                atomic.folder(folder) as partial,
            ):
                if sum(entry.file_size for entry in archive.infolist()) > MAX_UNZIPPED_BYTES:
                    raise invalid_parameter(
                        f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes"
                    )
                for entry in archive.infolist():
                    _extract(archive, entry, partial)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
            raise invalid_parameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from error


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    # zipfile itself takes ".." and absolute paths out of an entry's name, but drops its mode,
    # without which a bootstrap could not be executed.
    path = Path(archive.extract(entry, folder))
    mode = (entry.external_attr >> _UNIX_MODE_SHIFT) & _PERMISSIONS
    path.chmod(_FOLDER_MODE if entry.is_dir() else mode | _READABLE)
