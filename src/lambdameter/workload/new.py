"""Creates a workload from the template, under another name."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from lambdameter.errors import BadInputError, HostError

TEMPLATE = Path(__file__).resolve().parent / "template"
# The name in the template, which the new name replaces everywhere.
TEMPLATE_NAME = "my-function"
# Crates begin with a letter, and function names, of which this is a part, have up to 64 characters:
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 24


def new(folder: Path) -> tuple[Path, ...]:
    """Create a workload in a new folder; the folder's name is the workload's name.

    Returns:
        The files, relative to the folder.

    Raises:
        BadInputError: the name is not valid, or already exists.
        HostError: the folder cannot be written; nothing is left behind.
    """
    name = folder.name
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise BadInputError(
            f"{name!r} is not a valid name for a workload",
            place=str(folder),
            next_step="Start with a letter, and use only lower-case letters, digits and "
            f"single hyphens, {_LONGEST} characters at most: the name becomes "
            "part of a function's name.",
        )
    if folder.exists() or folder.is_symlink():
        raise BadInputError(
            f"{folder} exists already",
            place=str(folder),
            next_step="Choose another name, or remove that folder: lambdameter new "
            "overwrites nothing.",
        )
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as temporary:
            workload = Path(temporary) / name
            files = _copy(workload, name)
            workload.rename(folder)  # at once, so that the folder is never incomplete
    except OSError as failure:
        raise HostError(
            f"The workload cannot be written: {failure.strerror}",
            place=str(failure.filename or folder),
            next_step="Use an existing folder that you can write to.",
        ) from failure
    return files


def _copy(to: Path, name: str) -> tuple[Path, ...]:
    files = tuple(sorted(file for file in TEMPLATE.rglob("*") if _belongs(file)))
    for file in files:
        target = to / file.relative_to(TEMPLATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        target.write_text(text.replace(TEMPLATE_NAME, name), encoding="utf-8")
    return tuple(file.relative_to(TEMPLATE) for file in files)


def _belongs(file: Path) -> bool:
    """Whether a file is part of the template, and not left by running the template."""
    return file.is_file() and not {"__pycache__", "target"} & set(file.parts)
