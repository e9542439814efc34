"""The price files that are shipped, as records.

Reading them stands apart from `cost`, which computes and touches no file.
"""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.model.bill import PriceList


def latest() -> PriceList:
    """The newest price list that is shipped: the files are named for their date."""
    folder = resources.files("lambdameter") / "cost" / "prices"
    newest = max((file for file in folder.iterdir()), key=lambda file: file.name)
    return parse(newest.read_bytes(), place=newest.name)


def parse(document: bytes, *, place: str) -> PriceList:
    """A price file's content, checked.

    Raises:
        BadInputError: it is no TOML, or not of the format that the shipped files show.
    """
    try:
        return msgspec.toml.decode(document, type=PriceList)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"This file is not a price list: {error}",
            place=place,
            next_step="Compare the file with those in src/lambdameter/cost/prices.",
        ) from error
