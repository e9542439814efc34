"""JSON files with a schema version, each read only in the version that this program knows."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from lambdameter.errors import BadInputError

Document = TypeVar("Document")


class _Version(msgspec.Struct):
    schema: int


class Format(NamedTuple, Generic[Document]):
    """A kind of file.

    Attributes:
        kind: the record in the file; it has a field `schema`.
        schema: the version that this program reads.
        content: what the file holds, as an error names it: "manifest".
        owner: what has that format, as an error names it: "run".
        if_unreadable: next step where the file is missing, damaged or not readable.
        if_other_version: next step where another version wrote the file.
    """

    kind: type[Document]
    schema: int
    content: str
    owner: str
    if_unreadable: str
    if_other_version: str


def read(file: Path, form: Format[Document]) -> Document:
    """Read a file.

    Raises:
        BadInputError: the file cannot be read, or has another version.
    """
    try:
        text = file.read_bytes()
        schema = msgspec.json.decode(text, type=_Version).schema
        if schema == form.schema:
            return msgspec.json.decode(text, type=form.kind)
    except (OSError, msgspec.MsgspecError) as failure:
        raise BadInputError(
            f"The {form.content} cannot be read: {failure}",
            place=str(file),
            next_step=form.if_unreadable,
        ) from failure
    raise BadInputError(
        f"The {form.owner} has format {schema}, and this version of lambdameter reads format "
        f"{form.schema}",
        place=str(file),
        next_step=form.if_other_version,
    )
