"""Files -> a zip in the cache, named for their hash; the same files always give the same zip."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip
_UNIX = 3
_RUNNABLE = 0o755
_PLAIN = 0o644


class Member(msgspec.Struct, frozen=True):
    """One file of a package."""

    content: bytes
    runnable: bool


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """A zip on disk."""

    path: Path
    sha256: str
    zip_bytes: int
    unzipped_bytes: int


def folder_members(folder: Path) -> dict[str, Member]:
    """Every file below a folder, by path in the package, without dotfiles and `__pycache__`."""
    members: dict[str, Member] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if _belongs(name)]
        for name in filter(_belongs, files):
            file = Path(parent, name)
            runnable = bool(file.stat().st_mode & stat.S_IXUSR)
            members[file.relative_to(folder).as_posix()] = Member(file.read_bytes(), runnable)
    return members


def write(members: Mapping[str, Member], cache: Path) -> Archive:
    """Zip these files into the cache, unless the zip is already there."""
    path = cache / f"{_content_hash(members)}.zip"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".zipping-") as temporary:
            part = Path(temporary) / path.name
            _zip(members, part)
            part.replace(path)
    zipped = path.read_bytes()
    return Archive(
        path=path,
        sha256=hashlib.sha256(zipped).hexdigest(),
        zip_bytes=len(zipped),
        unzipped_bytes=sum(len(member.content) for member in members.values()),
    )


def _belongs(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _content_hash(members: Mapping[str, Member]) -> str:
    content = hashlib.sha256()
    for name, member in sorted(members.items()):
        digest = hashlib.sha256(member.content).hexdigest()
        content.update(f"{digest} {member.runnable:d} {name}\0".encode())
    return content.hexdigest()


def _zip(members: Mapping[str, Member], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in sorted(members.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            mode = stat.S_IFREG | (_RUNNABLE if member.runnable else _PLAIN)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.content)
