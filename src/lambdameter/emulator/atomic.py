"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FOLDER_MODE = 0o755


def write(file: Path, content: bytes) -> None:
    """Write a file at once, and make its folder where that is missing.

    Raises:
        OSError: it cannot be written; an earlier version of it stays.
    """
    partial = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Make a folder that everybody may read: fill the one that the context gets.

    Its content depends on its name only. So where another process made the same folder meanwhile,
    that one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{path.name}-making-"))
    try:
        yield partial
        partial.chmod(_FOLDER_MODE)
        try:
            partial.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
