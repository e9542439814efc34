"""Words in sentences: lists and capitals."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[str]) -> str:
    """Words as a sentence lists them: "a", "a and b", "a, b and c"."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def capitalised(sentence: str) -> str:
    """A sentence with a capital first letter; the other letters stay as they are."""
    return f"{sentence[:1].upper()}{sentence[1:]}"
