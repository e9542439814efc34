"""workload.toml -> Workload, for built-in workloads and for users' own.

A workload is a folder:

* `workload.toml` has the fields of model.workload.Workload and `schema = 1`. An unknown key is an
  error.
* The generator is a Python script in one file. `python generate.py --out DIR --parameters JSON`
  writes every case's object into DIR, and `expected.ndjson` (one item per line in DynamoDB's typed
  JSON: exactly the items that must be in the table), `expected.json`
  (`{"count": N, "response": {...}}`: the number of lines, and fields that every response must
  have) and optionally `initial.ndjson` (the items before the call). A case's own folder in DIR may
  have its own files. The same parameters must give the same bytes. A workload without tables and
  objects needs no generator; its cases then have the expected result.
* Each variant has a folder.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.base import CALLS, ParameterValue
from lambdameter.model.workload import Variant, Workload
from lambdameter.workload.case_files import fill_in
from lambdameter.workload.toml_place import KeyPath, line_of, parse, show

SCHEMA = 1
FILE = "workload.toml"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
MAX_TIMEOUT_S = 900

_BUILT_IN = Path(__file__).resolve().parents[3] / "workloads"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = ("bucket", "object", "table")
_LINE_IN_MESSAGE = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")


def names() -> tuple[str, ...]:
    """Names of the built-in workloads in the checkout of this package."""
    if not _BUILT_IN.is_dir():
        return ()
    return tuple(sorted(file.parent.name for file in _BUILT_IN.glob(f"*/{FILE}")))


def load(name_or_folder: str) -> Workload:
    """Read and check a workload, by built-in name or by folder (`./etl` is always a folder).

    Raises:
        BadInputError: there is no such workload, or its workload.toml is not valid.
    """
    built_in = names()
    folder = _BUILT_IN / name_or_folder if name_or_folder in built_in else Path(name_or_folder)
    file = folder / FILE
    if not file.is_file():
        raise BadInputError(
            f"There is no workload named {name_or_folder!r}",
            place=str(file),
            next_step=f"Give a folder with a {FILE}, or one of: {', '.join(built_in) or 'none'}.",
        )
    return _Document(file).workload()


class _Document:
    """One workload.toml, with its text for line numbers in errors."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._text = self._read()
        # Positions of the cases whose events are in files: their strings may have any braces.
        self._files: frozenset[int] = frozenset()

    def workload(self) -> Workload:
        """Parse, convert, check."""
        workload = self._convert(self._parse())
        self._check_shape(workload)
        self._check_parameters(workload)
        for position, variant in enumerate(workload.variants):
            self._check_variant(variant, Path(workload.root), ("variants", position))
        self._check_events(workload)
        return workload

    def _read(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as failure:
            raise BadInputError(
                f"{FILE} cannot be read: {failure}",
                place=str(self._file),
                next_step="The file must be UTF-8 text, and readable.",
            ) from failure

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as failure:
            match = _LINE_IN_MESSAGE.search(str(failure))
            line = match[1] if match and match[1] else str(self._text.count("\n") + 1)
            raise BadInputError(
                f"{FILE} is not valid TOML: {_LINE_IN_MESSAGE.sub('', str(failure))}",
                place=f"{self._file}:{line}",
                next_step="Correct the syntax there; https://toml.io/en/v1.0.0 describes TOML.",
            ) from None

    def _convert(self, document: dict[str, Any]) -> Workload:
        schema = document.pop("schema", None)
        if schema != SCHEMA:
            raise self._error(
                f"The schema is {schema!r}, and this version of lambdameter reads schema {SCHEMA}",
                ("schema",),
                f"Write `schema = {SCHEMA}` at the top.",
            )
        if "root" in document:
            raise self._error(
                "Unknown key `root`",
                ("root",),
                "Remove this key: the root is always the workload's folder.",
            )
        _use_recorded_keys(document)
        root = str(self._file.parent.resolve())
        self._files = fill_in(document, self._file.parent, self._error)
        try:
            return msgspec.convert(document | {"root": root}, Workload)
        except msgspec.ValidationError as failure:
            cause, _, at = str(failure).partition(" - at `$")
            path = parse(at.rstrip("`"))
            field = re.search(r"field `(\w+)`", cause)
            if field and "unknown" in cause:
                path = (*path, field[1])
            raise self._error(
                _in_toml_words(cause),
                path,
                "docs/workload.md describes every key.",
            ) from None

    def _check_shape(self, workload: Workload) -> None:
        for kind, named in (
            ("cases", workload.cases),
            ("variants", workload.variants),
            ("response.phases", workload.response.phases),
        ):
            path: KeyPath = tuple(kind.split("."))
            if not named and kind != "response.phases":
                raise self._error(
                    f"The workload has no {kind}", path, f"Add at least one as [[{kind}]]."
                )
            twice = [name for name, n in Counter(entry.name for entry in named).items() if n > 1]
            if twice:
                raise self._error(
                    f"{twice[0]!r} appears twice in {kind}", path, "Rename one of the two."
                )
        variant_names = [variant.name for variant in workload.variants]
        for index, name in enumerate(workload.default_variants):
            if name not in variant_names:
                raise self._error(
                    f"There is no variant named {name!r}",
                    ("default_variants", index),
                    f"Choose from: {', '.join(variant_names)}.",
                )
        self._check_service_use(workload)
        for path, name in _all_names(workload):
            if not _NAME.fullmatch(name):
                raise self._error(
                    f"{name!r} is not a valid name",
                    path,
                    "Use lower-case letters, digits and single hyphens: the name "
                    "becomes part of a function's name.",
                )
        self._check_numbers(workload)
        self._check_contents(workload)

    def _check_contents(self, workload: Workload) -> None:
        """Check that either the generator or each case has the expected result."""
        root = Path(workload.root)
        for key in ("generator", "input_schema"):
            name = getattr(workload, key)
            if name is not None and not (root / name).is_file():
                raise self._error(
                    f"The {key} {name!r} is not a file below {root}",
                    (key,),
                    "Give the name of a file in the workload's folder.",
                )
        needs_one = workload.table is not None or any(case.object for case in workload.cases)
        if workload.generator is None and (needs_one or workload.parameters):
            raise self._error(
                "The workload has no generator, and only a generator can fill "
                "tables, objects and parameters",
                ("table" if workload.table else "parameters" if workload.parameters else "cases",),
                "Name a Python script as generator; docs/workload.md describes "
                "what the script must write.",
            )
        for position, case in enumerate(workload.cases):
            if workload.generator is not None and case.expected is not None:
                raise self._error(
                    "Both the generator and the case define the expected result",
                    ("cases", position, "expected"),
                    "Remove one of the two definitions.",
                )

    def _check_numbers(self, workload: Workload) -> None:
        if not 1 <= workload.timeout_s <= MAX_TIMEOUT_S:
            raise self._error(
                f"timeout_s is {workload.timeout_s}",
                ("timeout_s",),
                f"Lambda allows 1 to {MAX_TIMEOUT_S} seconds.",
            )
        for key, least in (("rounds", 1), ("warm_calls", 0)):
            number: int | None = getattr(workload, key)
            if number is not None and number < least:
                raise self._error(
                    f"{key} is {number}", (key,), f"Give a value of at least {least}."
                )

    def _check_service_use(self, workload: Workload) -> None:
        cases = [case.name for case in workload.cases]
        for position, use in enumerate(workload.service_use):
            for name in use.cases:
                if name not in cases:
                    raise self._error(
                        f"There is no case named {name!r}",
                        ("service_use", position, "cases"),
                        f"Choose from: {', '.join(cases)}.",
                    )

    def _check_parameters(self, workload: Workload) -> None:
        for call in CALLS:
            own: dict[str, ParameterValue] = getattr(workload.calls, call)
            for name, value in own.items():
                path = ("calls", call, name)
                default = workload.parameters.get(name)
                if default is None:
                    parameters = ", ".join(workload.parameters) or "none"
                    raise self._error(
                        f"{name!r} is not a parameter",
                        path,
                        f"The parameters in [parameters] are: {parameters}.",
                    )
                if type(value) is not type(default):
                    raise self._error(
                        f"{name} is {type(value).__name__} here and "
                        f"{type(default).__name__} in [parameters]",
                        path,
                        "Give both values the same type.",
                    )

    def _check_variant(self, variant: Variant, root: Path, at: KeyPath) -> None:
        source = (root / variant.source).resolve()
        if not source.is_dir() or not source.is_relative_to(root):
            raise self._error(
                f"The source {variant.source!r} is not a folder below {root}",
                (*at, "source"),
                "Give the folder that holds the variant's code.",
            )
        if variant.build_environment and variant.features is None:
            raise self._error(
                f"Variant {variant.name} has build_environment but no features",
                (*at, "build_environment"),
                "build_environment is only for variants with their own features: add features.",
            )
        if variant.build != "cargo" and variant.features is not None:
            raise self._error(
                f"Variant {variant.name} has features but is not built by cargo",
                (*at, "features"),
                'Features are only for build = "cargo".',
            )
        if (variant.build == "cargo") != (variant.binary is not None):
            raise self._error(
                f"Variant {variant.name} has build = {variant.build!r} "
                f"{'without' if variant.binary is None else 'with'} a binary",
                (*at, "build"),
                'binary names cargo\'s binary target, and is only for build = "cargo".',
            )
        if variant.build == "cargo":
            if not (source / "Cargo.toml").is_file():
                raise self._error(
                    f"There is no Cargo.toml in {source}",
                    (*at, "source"),
                    "Give the folder of the crate itself.",
                )
            return
        candidates = _handler_files(variant)
        if not any((source / file).is_file() for file in candidates):
            raise self._error(
                f"The handler {variant.handler!r} of variant {variant.name} needs "
                f"{' or '.join(candidates) or 'a module and a function'} in {source}",
                (*at, "handler"),
                "Lambda loads the handler as module.function from the package's root.",
            )

    def _check_events(self, workload: Workload) -> None:
        for position, case in enumerate(workload.cases):
            path = ("cases", position, "event")
            for text in () if position in self._files else _strings(case.event):
                for name in _PLACEHOLDER.findall(text):
                    if name not in _PLACEHOLDERS:
                        raise self._error(
                            f"The placeholder {{{name}}} is not known",
                            path,
                            "An event may contain the placeholders {bucket}, {object} and {table}.",
                        )
                    if name in ("bucket", "object") and case.object is None:
                        raise self._error(
                            f"The event contains {{{name}}}, but the case has no object",
                            path,
                            "Give the case an object, or remove the placeholder from the event.",
                        )
                    if name == "table" and workload.table is None:
                        raise self._error(
                            "The event contains {table}, but the workload has no table",
                            path,
                            "Describe the table under [table], or remove the "
                            "placeholder from the event.",
                        )

    def _error(self, cause: str, path: KeyPath, next_step: str) -> BadInputError:
        line = line_of(self._text, path)
        where = f"{self._file}:{line}" if line else str(self._file)
        key = show(path)
        return BadInputError(cause, place=f"{where}: {key}" if key else where, next_step=next_step)


def _use_recorded_keys(document: dict[str, Any]) -> None:
    """Rename `not_a_candidate` to `exhibit`: run folders have that key, and so may older files."""
    variants = document.get("variants")
    for variant in variants if isinstance(variants, list) else ():
        if isinstance(variant, dict) and "exhibit" not in variant and "not_a_candidate" in variant:
            variant["exhibit"] = variant.pop("not_a_candidate")


def _in_toml_words(cause: str) -> str:
    """A validation error of msgspec in the words of TOML."""
    cause = re.sub(r"^Object missing required field (`\w+`)", r"The key \1 is missing", cause)
    return re.sub(r"^Object contains unknown field (`\w+`)", r"There is no key \1", cause)


def _all_names(workload: Workload) -> Iterator[tuple[KeyPath, str]]:
    yield ("name",), workload.name
    for position, case in enumerate(workload.cases):
        yield ("cases", position, "name"), case.name
    for position, variant in enumerate(workload.variants):
        yield ("variants", position, "name"), variant.name


def _handler_files(variant: Variant) -> tuple[str, ...]:
    """The files of which one must exist, so that Lambda finds the handler.

    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html and, for provided runtimes,
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html; other runtimes are not
    checked.
    """
    if variant.runtime.startswith("provided"):
        return ("bootstrap",)
    if not variant.runtime.startswith("python"):
        return (".",)
    module, _, function = variant.handler.rpartition(".")
    if not module or not function:
        return ()
    path = module.replace(".", "/")
    return (f"{path}.py", f"{path}/__init__.py")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    for element in inner:
        yield from _strings(element)
