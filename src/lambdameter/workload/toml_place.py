"""Where in a TOML text a key stands: tomllib keeps no positions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

# The keys and indexes that lead to a value.
KeyPath = tuple[str | int, ...]

_TABLE_HEAD = re.compile(r"(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w.\-"' ]+?)\s*=""")


def line_of(text: str, path: KeyPath) -> int | None:
    """The line, from 1, of a key in a TOML text; of its nearest parent where it has none itself.

    This reads heads and keys line by line. It may point at a line
    inside a multi-line string; it is for messages alone.
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
    """A path of msgspec without its `$`: `.variants[0].runtime`, `[...]` for an unnamed key."""
    return tuple(
        int(index) if index else name
        for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", text.partition("[...]")[0])
    )


def show(path: KeyPath) -> str:
    """As TOML writes it: `variants[0].runtime`."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path
    ).removeprefix(".")
