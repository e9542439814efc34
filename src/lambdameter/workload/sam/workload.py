"""Functions of a SAM template as the variants of one workload."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lambdameter.errors import BadInputError
from lambdameter.model.workload import Case, ResponseShape, Variant, Workload
from lambdameter.workload.sam.template import OS_ONLY, SamFunction

_NAME_LENGTH = 16
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def workload(
    template: Path, functions: Sequence[SamFunction], events: Mapping[str, Any]
) -> Workload:
    """A workload of these functions, with a case for each event (file name -> event).

    Each function is measured at the memory sizes of all functions, with the longest timeout of all
    functions.

    Raises:
        BadInputError: a CodeUri is not a folder, a function needs another kind of build, or two
            functions would have the same name.
    """
    root = template.resolve().parent
    variants = tuple(_variant(function, root) for function in functions)
    _check_names(
        [function.logical_id for function in functions], [function.name for function in variants]
    )
    return Workload(
        # Short, as it is part of a function's name.
        name=slug(root.name)[:_NAME_LENGTH].strip("-") or "template",
        title=f"{template.name} in {root.name}",
        root=str(root),
        timeout_s=max(function.timeout_s for function in functions),
        memory_mb=tuple(sorted({function.memory_mb for function in functions})),
        cases=tuple(
            Case(name=slug(Path(file).stem) or "event", title=Path(file).stem, event=event)
            for file, event in events.items()
        ),
        variants=variants,
        response=ResponseShape(),
    )


def slug(name: str) -> str:
    """A name in the form of a workload: `HTMLPage2` is `html-page-2`."""
    return "-".join(word.lower() for word in _WORD.findall(name))


def _check_names(ids: Sequence[str], names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadInputError(
                f"{ids[names.index(name)]} and {ids[index]} would have the same name {name}",
                place="--variants",
                next_step="Rename one of them in the template.",
            )


def _variant(function: SamFunction, root: Path) -> Variant:
    source = root / function.code_uri
    if function.code_uri.startswith("s3://") or not source.is_dir():
        raise BadInputError(
            f"The CodeUri of {function.logical_id} is not a folder: {function.code_uri}",
            place=function.place,
            next_step="Give the folder of the function's code; after `sam build`, use the "
            "built .aws-sam/build/template.yaml.",
        )
    built = function.runtime == OS_ONLY and not (source / "bootstrap").is_file()
    if built and not (source / "Cargo.toml").is_file():
        raise BadInputError(
            f"The code of {function.logical_id} contains neither a bootstrap nor a Cargo.toml",
            place=function.place,
            next_step="Build the function with `sam build`, and use .aws-sam/build/template.yaml.",
        )
    rust = built or function.runtime == OS_ONLY
    return Variant(
        name=slug(function.logical_id),
        title=function.logical_id,
        language="rust" if rust else "python",
        runtime=function.runtime,
        handler=function.handler,
        source=function.code_uri,
        build="cargo" if built else "copy",
        binary=(function.binary or _binary(source / "Cargo.toml", function)) if built else None,
        environment=function.environment,
    )


def _binary(manifest: Path, function: SamFunction) -> str:
    """The crate's only binary target; without a name of its own it has the crate's name.

    https://doc.rust-lang.org/cargo/reference/cargo-targets.html#binaries
    """
    try:
        described = tomllib.loads(manifest.read_text(encoding="utf-8"))
        binaries = [str(target["name"]) for target in described.get("bin", [])]
        binaries = binaries or [str(described["package"]["name"])]
    except (OSError, KeyError, TypeError, ValueError) as failure:
        raise BadInputError(
            f"The Cargo.toml of {function.logical_id} names no binary: {failure}",
            place=str(manifest),
            next_step="Give the folder of the crate itself as CodeUri.",
        ) from failure
    if len(binaries) > 1:
        raise BadInputError(
            f"The crate of {function.logical_id} has {len(binaries)} binaries",
            place=function.place,
            next_step="Choose one of them: Metadata: {BuildProperties: {Binary: "
            f"{binaries[0]}}}}} beside the function's Properties.",
        )
    return binaries[0]
