"""The lines of keys in a TOML text, which tomllib does not report. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

# Keys and indexes from the root to a value.
KeyPath = tuple[str | int, ...]

_TABLE_HEAD = re.compile(r"(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")


def line_of(text: str, path: KeyPath) -> int | None:
    """The line of a key, from 1, or of its nearest parent; None where neither is found.

    This function reads line by line and can be wrong inside of multi-line strings, so it is only
    for error messages.
    """
    best, line_number = 0, None
    arrays: Counter[str] = Counter()
    head: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        at: KeyPath
        if table := _TABLE_HEAD.match(line.strip()):
            name = table[2]
            parts: list[str | int] = list(_split(name))
            if table[1] == "[[":
                parts.append(arrays[name])
                arrays[name] += 1
            at = head = tuple(parts)
        elif key := _KEY.match(line):
            at = (*head, *_split(key[1]))
        else:
            continue
        if len(at) > best and path[: len(at)] == at:
            best, line_number = len(at), number
    return line_number


def _split(dotted: str) -> Iterator[str]:
    return (part.strip().strip("\"'") for part in dotted.split("."))


def parse(text: str) -> KeyPath:
    """Parse a path of msgspec without `$`: `.variants[0].runtime`, `[...]` for an unnamed key."""
    return tuple(
        int(index) if index else name
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", text.partition("[...]")[0])
    )


def show(path: KeyPath) -> str:
    """A path as text: `variants[0].runtime`."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path
    ).removeprefix(".")
