"""The shipped price files as records; the rest of `cost` only computes and reads no file."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.bill import PriceList


def latest() -> PriceList:
    """The newest shipped price list; the files are named for their date."""
    folder = resources.files("lambdameter") / "cost" / "prices"
    newest = max((file for file in folder.iterdir()), key=lambda file: file.name)
    return parse(newest.read_bytes(), place=newest.name)


def parse(document: bytes, *, place: str) -> PriceList:
    """A price file's content, checked.

    Raises:
        BadInputError: the document is not TOML, or not in the format of the shipped files.
    """
    try:
        return msgspec.toml.decode(document, type=PriceList)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"This file is not a price list: {error}",
            place=place,
            next_step="Compare the file with those in src/lambdameter/cost/prices.",
        ) from error
