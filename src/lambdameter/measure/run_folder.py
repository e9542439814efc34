"""The run folder: `manifest.json` and `samples.ndjson`, appended to as the samples arrive.

Where a run has as many rounds as it needs, `stopping.json` says after how many it ended, and why:
that hangs on the clock too. Everything else is recomputed. A run that is killed loses the sample in
flight.
A sweep is a folder of run folders with a `sweep.json` that lists them.
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
    """What was read.

    Attributes:
        samples: one for each trial: the last, where an environment was begun anew.
        truncated: the last line was cut off, as when a run was killed while writing; the
            samples are those before it.
        superseded: how many samples were left out for a later one of the same trial. They stay
            in the file.
    """

    samples: tuple[Sample, ...]
    truncated: bool
    superseded: int


class _SchemaOnly(msgspec.Struct):
    schema: int


class RunFolder:
    """One run on disk. Use create() for a new one and open() for one that exists."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> RunFolder:
        """Make the folder and write its manifest; an interrupted write leaves no manifest.

        Raises:
            BadInputError: the folder is there and not empty.
            HostError: it cannot be written.
        """
        check_unused(path)
        there = path.is_dir()
        try:
            path.mkdir(parents=True, exist_ok=True)
            folder = cls(path)
            _write_document(path / MANIFEST, manifest)
        except OSError as failure:
            with contextlib.suppress(OSError):
                _part(path / MANIFEST).unlink(missing_ok=True)
                if not there:
                    path.rmdir()
            raise _unwritable(path, failure) from failure
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A run that exists.

        Raises:
            BadInputError: the folder holds no manifest.
        """
        if not os.path.isfile(path / MANIFEST):  # noqa: PTH113 - False too where one may not look
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
            BadInputError: it cannot be read, or has another version's format.
        """
        file = self.path / MANIFEST
        try:
            text = file.read_bytes()
            schema = msgspec.json.decode(text, type=_SchemaOnly).schema
            if schema == SCHEMA:
                return msgspec.json.decode(text, type=Manifest)
        except (OSError, msgspec.MsgspecError) as failure:
            raise BadInputError(
                f"The manifest cannot be read: {failure}",
                place=str(file),
                next_step="Measure again: a run cannot be read without its manifest.",
            ) from failure
        raise BadInputError(
            f"The run has format {schema}, and this version of lambdameter reads format {SCHEMA}",
            place=str(file),
            next_step="Read the run with the version of lambdameter that its manifest "
            "names, or measure again.",
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else measures into this folder as long as the context lasts.

        The lock is the kernel's, and ends with the process, however that one ends.

        Raises:
            BadInputError: somebody else does.
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
        """Write one sample, and return when it is on disk; a cut last line is replaced.

        A sample that does not fit on the disk leaves nothing of itself behind.

        Raises:
            HostError: it could not be written.
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
            BadInputError: a line that is whole is no sample.
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
        """Write whether the run goes on after its last whole round, in place of what was there.

        Raises:
            HostError: it could not be written.
        """
        file = self.path / STOPPING
        try:
            _write_document(file, stopping)
        except OSError as failure:
            with contextlib.suppress(OSError):
                _part(file).unlink(missing_ok=True)
            raise _unwritable(file, failure) from failure

    def stopping(self) -> Stopping | None:
        """What stop() wrote last; None: no round is whole, or the number of rounds is fixed.

        Raises:
            BadInputError: it cannot be read.
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
    return os.path.isfile(path / SWEEP)  # noqa: PTH113 - False too where one may not look


def write_sweep(path: Path, sweep: Sweep) -> None:
    """Write the file that lists a sweep's runs, which are there already.

    Raises:
        HostError: it cannot be written.
    """
    try:
        _write_document(path / SWEEP, sweep)
    except OSError as failure:
        raise _unwritable(path, failure) from failure


def read_sweep(path: Path) -> Sweep:
    """The runs of a sweep.

    Raises:
        BadInputError: its file cannot be read, or has another version's format.
    """
    file = path / SWEEP
    try:
        sweep = msgspec.json.decode(file.read_bytes(), type=Sweep)
    except (OSError, msgspec.MsgspecError) as failure:
        raise BadInputError(
            f"The list of the sweep's runs cannot be read: {failure}",
            place=str(file),
            next_step=f"Give one of the sweep's run folders; each contains a {MANIFEST}.",
        ) from failure
    if sweep.schema != SCHEMA:
        raise BadInputError(
            f"The sweep has format {sweep.schema}, and this version of lambdameter "
            f"reads format {SCHEMA}",
            place=str(file),
            next_step="Read the sweep with the version of lambdameter that made it, or "
            "measure again.",
        )
    return sweep


def check_unused(path: Path) -> None:
    """Whether a run may be made here; nothing is changed.

    Raises:
        BadInputError: there is a file, or a folder that is not empty.
        HostError: it cannot be looked into.
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
    """Now, not when the packages are built: the first folder above that is there decides."""
    above = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), above)
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), above)


def _write_document(file: Path, document: Manifest | Stopping | Sweep) -> None:
    """All of it or nothing."""
    with _part(file).open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    _part(file).replace(file)


def _part(file: Path) -> Path:
    return file.with_name(f".{file.name}.part")


def _write_whole(stream: io.FileIO, line: bytes) -> None:
    """At the end, all of it or nothing."""
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
    """Go to the end, after removing what a killed run left of its last line."""
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
