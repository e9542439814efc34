"""Events and expected results of cases: in workload.toml, or in JSON files that it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from lambdameter.errors import BadInputError
from lambdameter.workload.toml_place import KeyPath

Fault = Callable[[str, KeyPath, str], BadInputError]


def fill_in(document: dict[str, Any], root: Path, fault: Fault) -> frozenset[int]:
    """Fill in event and expected result of each case of a parsed workload.toml.

    File names are replaced by the files' content. A case's own event is merged over the shared
    event, table by table.

    Args:
        document: the document, which is changed.
        root: the workload's folder.
        fault: makes an error of a cause, a key in workload.toml and a next step.

    Returns:
        Positions of the cases whose event is in a file.

    Raises:
        BadInputError: a file does not exist, is not below `root`, or is not JSON.
    """
    shared = document.pop("event", {})
    cases = document.get("cases")
    of_files: set[int] = set()
    for position, case in enumerate(cases if isinstance(cases, list) else ()):
        if not isinstance(case, dict):
            continue
        for key in ("event", "expected"):
            name = case.get(key)
            if isinstance(name, str):
                case[key] = _named(root, name, ("cases", position, key), fault)
                if key == "event":
                    of_files.add(position)
        case["event"] = _merged(case.get("event", {}), shared)
    return frozenset(of_files)


def read_json(file: Path) -> Any:
    """The JSON in a file.

    Raises:
        BadInputError: the file cannot be read, or is not JSON in UTF-8.
    """
    try:
        return json.loads(file.read_bytes().decode(), parse_constant=_not_json)
    except json.JSONDecodeError as failure:
        raise BadInputError(
            f"{file.name} is not valid JSON: {failure.msg}",
            place=f"{file}:{failure.lineno}",
            next_step="Correct the syntax there; https://www.json.org describes JSON.",
        ) from None
    except (OSError, ValueError, RecursionError) as failure:
        raise BadInputError(
            f"{file.name} cannot be read: {failure}",
            place=str(file),
            next_step="The file must be JSON in UTF-8, and readable.",
        ) from failure


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid in JSON")


def _named(root: Path, name: str, at: KeyPath, fault: Fault) -> Any:
    file = (root / name).resolve()
    if not file.is_relative_to(root.resolve()) or not file.is_file():
        raise fault(
            f"There is no file {name!r} below {root}",
            at,
            "Give the name of a JSON file in the workload's folder.",
        )
    return read_json(file)


def _merged(upper: Any, lower: Any) -> Any:
    if not (isinstance(upper, dict) and isinstance(lower, dict)):
        return upper
    return lower | {name: _merged(value, lower.get(name)) for name, value in upper.items()}
