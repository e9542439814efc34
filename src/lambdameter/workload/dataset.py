"""The output of a workload's generator, cached for each set of parameters.

loader.py has the generator's contract.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from lambdameter.errors import BadInputError, HostError
from lambdameter.model.artifact import Dataset, Expected
from lambdameter.model.base import ParameterValue
from lambdameter.model.workload import Workload

INITIAL_ITEMS = "initial.ndjson"
EXPECTED_ITEMS = "expected.ndjson"
EXPECTED = "expected.json"
_RECORD = "dataset.json"
_MAKING = ".making-"


class Digester(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of expected items.

    Attributes:
        form: name of the kind of digest; part of the name of a cached dataset.
        digest: items -> (count, digest); ValueError if something is not an item.
    """

    form: str
    digest: Callable[[Iterable[Any]], tuple[int, str]]


class _ExpectedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int = 0
    response: dict[str, Any] = {}


def make(
    workload: Workload,
    parameters: Mapping[str, ParameterValue],
    digester: Digester,
    cache: Path | None = None,
) -> Dataset:
    """The dataset for these parameters, from the cache or generated now.

    Args:
        workload: the workload of the generator.
        parameters: all parameters of one call.
        digester: digests the expected items.
        cache: folder for datasets; None: the user's cache.

    Raises:
        BadInputError: the generator failed, or did not follow its contract.
        HostError: the cache cannot be written.
    """
    if workload.generator is None:
        return _from_cases(workload)
    root = cache or platformdirs.user_cache_path("lambdameter") / "datasets"
    folder = root / _name(workload, parameters, digester)
    cached = _cached(folder)
    if cached is not None:
        return cached
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _making(root) as temporary:
            output = temporary / "made"
            output.mkdir()
            dataset = _generate(workload, parameters, digester, output)
            (output / _RECORD).write_bytes(msgspec.json.encode(dataset))
            # A folder without a readable record is from an older version or a killed process.
            shutil.rmtree(folder, ignore_errors=True)
            output.rename(folder)
    except OSError as failure:
        raise HostError(
            f"The dataset cannot be written: {failure}",
            place=str(root),
            next_step="Free some space, or set XDG_CACHE_HOME to a folder with free space.",
        ) from failure
    return msgspec.structs.replace(dataset, folder=str(folder))


def _from_cases(workload: Workload) -> Dataset:
    return Dataset(
        folder=workload.root,
        parameters={},
        object_bytes={},
        expected={
            case.name: Expected(count=0, digest="", response=case.expected or {})
            for case in workload.cases
        },
    )


@contextmanager
def _making(root: Path) -> Iterator[Path]:
    """A locked folder to make a dataset in; the lock ends with this process."""
    with ExitStack() as stack:
        with _locked(root):
            for leftover in root.glob(f"{_MAKING}*"):
                with contextlib.suppress(OSError), _locked(leftover, fcntl.LOCK_NB):
                    shutil.rmtree(leftover, ignore_errors=True)  # its process was killed
            folder = tempfile.TemporaryDirectory(dir=root, prefix=_MAKING)
            temporary = Path(stack.enter_context(folder))
            stack.enter_context(_locked(temporary))
        yield temporary


@contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)


def initial_items(dataset: Dataset, case: str) -> Iterator[dict[str, Any]]:
    """The items in a case's table before its call, in the generator's order."""
    yield from _items(_file(Path(dataset.folder), case, INITIAL_ITEMS))


def expected_items(dataset: Dataset, case: str) -> Iterator[dict[str, Any]]:
    """The items that must be in a case's table after its call."""
    yield from _items(_file(Path(dataset.folder), case, EXPECTED_ITEMS))


def _name(workload: Workload, parameters: Mapping[str, ParameterValue], digester: Digester) -> str:
    generator = _generator(workload).read_bytes()
    objects = [(case.name, case.object) for case in workload.cases]
    settings = msgspec.json.encode([parameters, objects, digester.form], order="deterministic")
    return f"{workload.name}-{hashlib.sha256(generator + settings).hexdigest()[:32]}"


def _generator(workload: Workload) -> Path:
    return Path(workload.root) / (workload.generator or "")


def _cached(folder: Path) -> Dataset | None:
    try:
        dataset = msgspec.json.decode((folder / _RECORD).read_bytes(), type=Dataset)
    except (OSError, msgspec.MsgspecError):
        return None
    return msgspec.structs.replace(dataset, folder=str(folder))


def _generate(
    workload: Workload,
    parameters: Mapping[str, ParameterValue],
    digester: Digester,
    folder: Path,
) -> Dataset:
    generator = _generator(workload)
    settings = msgspec.json.encode(parameters).decode()
    ended = subprocess.run(
        [sys.executable, str(generator), "--out", str(folder), "--parameters", settings],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]
        raise BadInputError(
            f"The generator failed: {last}",
            place=str(generator),
            next_step=f"Run the generator by hand: python {generator.name} --out DIR "
            f"--parameters '{settings}'",
        )
    contents = _Contents(workload, generator, digester, folder)
    return Dataset(
        folder=str(folder),
        parameters=dict(parameters),
        object_bytes=_object_bytes(workload, folder, generator),
        expected={case.name: contents.of(case.name) for case in workload.cases},
    )


class _Contents:
    """The expected results in a generator's output; files that cases share are digested once."""

    def __init__(
        self, workload: Workload, generator: Path, digester: Digester, folder: Path
    ) -> None:
        self._has_table = workload.table is not None
        self._generator = generator
        self._digester = digester
        self._folder = folder
        self._digests: dict[Path, tuple[int, str]] = {}

    def of(self, case: str) -> Expected:
        """The expected result of a case; without a table, only the answer."""
        described = self._described(case)
        if not self._has_table:
            return Expected(count=0, digest="", response=described.response)
        count, digest = self._digest(_file(self._folder, case, EXPECTED_ITEMS))
        if count != described.count:
            raise _broken(
                self._generator,
                f"{EXPECTED} says {described.count} items, {EXPECTED_ITEMS} has {count}",
            )
        initial_count, initial_digest = self._digest(_file(self._folder, case, INITIAL_ITEMS))
        return Expected(
            count=count,
            digest=digest,
            response=described.response,
            initial_count=initial_count,
            initial_digest=initial_digest,
        )

    def _described(self, case: str) -> _ExpectedFile:
        try:
            written = _file(self._folder, case, EXPECTED).read_bytes()
            return msgspec.json.decode(written, type=_ExpectedFile)
        except (OSError, msgspec.MsgspecError) as failure:
            raise _broken(self._generator, f"{EXPECTED}: {failure}") from failure

    def _digest(self, file: Path) -> tuple[int, str]:
        if not file.is_file():
            if file.name == EXPECTED_ITEMS:
                raise _broken(self._generator, f"it did not write {file.name}")
            return 0, ""
        if file not in self._digests:
            try:
                self._digests[file] = self._digester.digest(_items(file))
            except (OSError, ValueError, msgspec.MsgspecError) as failure:
                raise _broken(self._generator, f"{file.name}: {failure}") from failure
        return self._digests[file]


def _file(folder: Path, case: str, name: str) -> Path:
    """A case's own file, or the file that all cases share."""
    own = folder / case / name
    return own if own.is_file() else folder / name


def _items(file: Path) -> Iterator[dict[str, Any]]:
    decoder = msgspec.json.Decoder(dict[str, dict[str, Any]])
    if not file.is_file():
        return
    with file.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)


def _object_bytes(workload: Workload, folder: Path, generator: Path) -> dict[str, int]:
    objects = [case.object for case in workload.cases if case.object is not None]
    missing = [name for name in objects if not (folder / name).is_file()]
    if missing:
        raise _broken(generator, f"it did not write {missing[0]}")
    return {name: (folder / name).stat().st_size for name in objects}


def _broken(generator: Path, violation: str) -> BadInputError:
    return BadInputError(
        f"The generator does not follow its contract: {violation}",
        place=str(generator),
        next_step="docs/workload.md describes what a generator must write.",
    )
