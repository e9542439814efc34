"""The run folder: `manifest.json`, and `samples.ndjson` to which each new sample is appended.

A run with `--rounds auto` also has `stopping.json`: after how many rounds the run ended, and why.
This cannot be recomputed, since it depends on the clock; everything else can. A killed run loses
only the sample in flight.
A sweep is a folder of run folders, with a `sweep.json` that lists them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from lambdameter import versioned
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.comparison import Stopping
from lambdameter.model.sample import Manifest, Sample
from lambdameter.model.sweep import Sweep

SCHEMA = 1
MANIFEST = "manifest.json"
SAMPLES = "samples.ndjson"
SWEEP = "sweep.json"
STOPPING = "stopping.json"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of a run folder.

    Attributes:
        samples: one for each trial: the last, where an environment was measured again.
        truncated: whether the last line is incomplete and was ignored: the run was killed while
            writing.
        superseded: number of ignored samples that have a later sample of the same trial; they stay
            in the file.
    """

    samples: tuple[Sample, ...]
    truncated: bool
    superseded: int


_MANIFEST = versioned.Format(
    kind=Manifest,
    schema=SCHEMA,
    content="manifest",
    owner="run",
    if_unreadable="Measure again: a run cannot be read without its manifest.",
    if_other_version="Read the run with the version of lambdameter that its manifest names, or "
    "measure again.",
)
_SWEEP = versioned.Format(
    kind=Sweep,
    schema=SCHEMA,
    content="list of the sweep's runs",
    owner="sweep",
    if_unreadable=f"Give one of the sweep's run folders; each contains a {MANIFEST}.",
    if_other_version="Read the sweep with the version of lambdameter that made it, or measure "
    "again.",
)


class RunFolder:
    """One run on disk. Use create() for a new one and open() for one that exists."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> RunFolder:
        """Create the folder and its manifest; an interrupted write leaves no manifest.

        Raises:
            BadInputError: the folder exists and is not empty.
            HostError: the folder cannot be written.
        """
        check_unused(path)
        existed = path.is_dir()
        try:
            path.mkdir(parents=True, exist_ok=True)
            folder = cls(path)
            _write_document(path / MANIFEST, manifest)
        except OSError as failure:
            with contextlib.suppress(OSError):
                _part(path / MANIFEST).unlink(missing_ok=True)
                if not existed:
                    path.rmdir()
            raise _unwritable(path, failure) from failure
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run.

        Raises:
            BadInputError: the folder has no manifest.
        """
        # Path.is_file would raise where this process may not look.
        if not os.path.isfile(path / MANIFEST):  # noqa: PTH113
            if is_sweep(path):
                names = ", ".join(str(path / run.folder) for run in read_sweep(path).runs)
                raise BadInputError(
                    "This folder holds several runs, one at each latency",
                    place=str(path),
                    next_step=f"Give one of these folders: {names}.",
                )
            raise BadInputError(
                "This folder is not a run folder",
                place=str(path),
                next_step=f"Give a folder that `lambdameter run` made; it contains a {MANIFEST}.",
            )
        return cls(path)

    def manifest(self) -> Manifest:
        """Read the manifest.

        Raises:
            BadInputError: the manifest cannot be read, or has another version's format.
        """
        return versioned.read(self.path / MANIFEST, _MANIFEST)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the folder, so that no other process measures into it.

        The kernel removes the lock when the process ends, even if it is killed.

        Raises:
            BadInputError: another process holds the lock.
        """
        with (self.path / MANIFEST).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as locked:
                raise BadInputError(
                    "Another lambdameter process is measuring into this run",
                    place=str(self.path),
                    next_step="Wait until it ends, or stop it with Ctrl-C.",
                ) from locked
            yield

    def append(self, sample: Sample) -> None:
        """Append a sample and return when it is on disk; an incomplete last line is replaced.

        A sample that does not fit on the disk leaves the file unchanged.

        Raises:
            HostError: the sample could not be written.
        """
        file = self.path / SAMPLES
        try:
            with file.open("a+b", buffering=0) as stream:
                _drop_cut_line(stream)
                _write_whole(stream, msgspec.json.encode(sample) + b"\n")
        except OSError as failure:
            raise _unwritable(file, failure) from failure

    def samples(self) -> Samples:
        """Read all samples so far, in the order in which they were made.

        Raises:
            BadInputError: a complete line is not a sample.
        """
        file = self.path / SAMPLES
        if not file.exists():
            return Samples(samples=(), truncated=False, superseded=0)
        try:
            *lines, rest = file.read_bytes().split(b"\n")
        except OSError as failure:
            raise BadInputError(
                f"The samples cannot be read: {failure}",
                place=str(file),
                next_step="Make the file readable.",
            ) from failure
        decoder = msgspec.json.Decoder(Sample)
        read: list[Sample] = []
        for number, line in enumerate(lines, 1):
            try:
                read.append(decoder.decode(line))
            except msgspec.MsgspecError as failure:
                raise BadInputError(
                    f"A line is not a sample: {failure}",
                    place=f"{file}:{number}",
                    next_step="Restore the file: samples must not be edited.",
                ) from failure
        last = {sample.trial.index: sample for sample in read}
        return Samples(
            samples=tuple(sample for sample in read if last[sample.trial.index] is sample),
            truncated=bool(rest),
            superseded=len(read) - len(last),
        )

    def stop(self, stopping: Stopping) -> None:
        """Write whether the run continues after its last complete round.

        Raises:
            HostError: the file could not be written.
        """
        file = self.path / STOPPING
        try:
            _write_document(file, stopping)
        except OSError as failure:
            with contextlib.suppress(OSError):
                _part(file).unlink(missing_ok=True)
            raise _unwritable(file, failure) from failure

    def stopping(self) -> Stopping | None:
        """What stop() wrote last; None before the first complete round, or for fixed rounds.

        Raises:
            BadInputError: the file cannot be read.
        """
        file = self.path / STOPPING
        try:
            return msgspec.json.decode(file.read_bytes(), type=Stopping)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as failure:
            raise BadInputError(
                f"The reason why the run ended cannot be read: {failure}",
                place=str(file),
                next_step="Remove this file and resume the run: the reason is then "
                "determined again.",
            ) from failure


def is_sweep(path: Path) -> bool:
    """Whether a folder holds a sweep."""
    return os.path.isfile(path / SWEEP)  # noqa: PTH113 - Path.is_file raises without permission


def write_sweep(path: Path, sweep: Sweep) -> None:
    """Write the list of a sweep's runs.

    Raises:
        HostError: the list cannot be written.
    """
    try:
        _write_document(path / SWEEP, sweep)
    except OSError as failure:
        raise _unwritable(path, failure) from failure


def read_sweep(path: Path) -> Sweep:
    """Read the list of a sweep's runs.

    Raises:
        BadInputError: the list cannot be read, or has another version's format.
    """
    return versioned.read(path / SWEEP, _SWEEP)


def check_unused(path: Path) -> None:
    """Check that a new run can be written to this path; nothing is changed.

    Raises:
        BadInputError: the path is a file, or a folder that is not empty.
        HostError: the folder cannot be read or created.
    """
    try:
        used = path.exists() and (not path.is_dir() or any(path.iterdir()))
        if not used:
            _check_writable(path)
    except OSError as failure:
        raise _unwritable(path, failure) from failure
    if used:
        raise BadInputError(
            "The folder for the run is not empty"
            if path.is_dir()
            else "A file of this name exists already",
            place=str(path),
            next_step="Give another folder with --out: samples are never mixed or overwritten.",
        )


def _check_writable(path: Path) -> None:
    """Check the nearest existing folder above, since packages are built before the first write."""
    above = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), above)


def _write_document(file: Path, document: Manifest | Stopping | Sweep) -> None:
    """Write a file completely, or leave the old one."""
    with _part(file).open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    _part(file).replace(file)


def _part(file: Path) -> Path:
    return file.with_name(f".{file.name}.part")


def _write_whole(stream: io.FileIO, line: bytes) -> None:
    """Append a line completely, or leave the file unchanged."""
    end = stream.seek(0, os.SEEK_END)
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[stream.write(rest) :]
        os.fsync(stream.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            stream.truncate(end)
        raise


def _drop_cut_line(stream: io.FileIO) -> None:
    """Go to the end of the file, after removing an incomplete last line."""
    if stream.seek(0, os.SEEK_END) == 0:
        return
    stream.seek(-1, os.SEEK_END)
    if stream.read(1) == b"\n":
        return
    stream.seek(0)
    stream.truncate(stream.read().rfind(b"\n") + 1)


def _unwritable(path: Path, failure: OSError) -> HostError:
    return HostError(
        f"The run cannot be written: {failure.strerror}",
        place=str(path),
        next_step="Free some space on this disk."
        if failure.errno in _FULL
        else "Give a folder that you can write to with --out.",
    )
