"""The digest of a table, and the differences between two tables. Pure.

A digest has only key and hash of each item: a million items take about 300 MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import msgspec

from lambdameter.model.sample import FieldDifference, RecordDifference
from lambdameter.model.workload import Table
from lambdameter.verify import canonical
from lambdameter.verify.canonical import Item

# Number of differing records that are listed field by field.
LISTED = 10


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The key of an item, and the attributes that may differ."""

    table: Table
    ignored: frozenset[str] = frozenset()

    @property
    def form(self) -> str:
        """Name of the rule: digests of different rules cannot be compared."""
        return f"{canonical.FORM} {self.table} {sorted(self.ignored)}"


class TableDigest(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of a table.

    Attributes:
        hashes: canonical key -> SHA-256 of the item.
        digest: SHA-256 over all (key, hash) pairs in key order, hexadecimal.
        write_units: write request units for writing each new item once.
    """

    hashes: dict[bytes, bytes]
    digest: str
    write_units: int

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self.hashes)


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of differing items, each in key order."""

    missing: tuple[bytes, ...]
    extra: tuple[bytes, ...]
    changed: tuple[bytes, ...]

    @property
    def keys(self) -> list[bytes]:
        """All keys, in key order."""
        return sorted((*self.missing, *self.extra, *self.changed))


def digest(items: Iterable[Item], rule: Rule, before: TableDigest | None = None) -> TableDigest:
    """Digest items in any order; items that are also in `before` were not written.

    Raises:
        ValueError: something is not an item of this table, or two items have the same key.
    """
    hashes: dict[bytes, bytes] = {}
    units = 0
    for typed in items:
        item = canonical.item(typed)
        key = canonical.key(item, rule.table)
        if key in hashes:
            raise ValueError(f"two items have the key {key.decode()}")
        hashes[key] = canonical.item_hash(_less(item, rule.ignored))
        if before is None or before.hashes.get(key) != hashes[key]:
            units += canonical.write_units(item)
    total = hashlib.sha256()
    for key in sorted(hashes):
        # With the length, so that the border between key and hash is unambiguous.
        total.update(len(key).to_bytes(4, "big") + key + hashes[key])
    return TableDigest(hashes=hashes, digest=total.hexdigest(), write_units=units)


def compare(expected: TableDigest, actual: TableDigest) -> Differing:
    """The keys of items that differ between two tables."""
    there, here = expected.hashes, actual.hashes
    return Differing(
        missing=tuple(sorted(there.keys() - here.keys())),
        extra=tuple(sorted(here.keys() - there.keys())),
        changed=tuple(sorted(key for key in there.keys() & here if there[key] != here[key])),
    )


def differences(
    keys: Iterable[bytes],
    expected: Callable[[bytes], Item | None],
    actual: Callable[[bytes], Item | None],
    ignored: frozenset[str] = frozenset(),
) -> tuple[RecordDifference, ...]:
    """The differences of the records of these keys; `expected` and `actual` get an item."""
    return tuple(
        RecordDifference(
            key=key.decode(),
            fields=tuple(
                fields(_less(expected(key) or {}, ignored), _less(actual(key) or {}, ignored))
            ),
        )
        for key in keys
    )


def fields(expected: Item, actual: Item, prefix: str = "") -> list[FieldDifference]:
    """The differences of two items; inside of maps, by dotted path."""
    differences: list[FieldDifference] = []
    for name in sorted(expected.keys() | actual.keys()):
        left, right = expected.get(name), actual.get(name)
        if left is not None and right is not None:
            if canonical.show(left) == canonical.show(right):
                continue
            if "M" in left and "M" in right:
                differences += fields(left["M"], right["M"], f"{prefix}{name}.")
                continue
        differences.append(
            FieldDifference(
                field=f"{prefix}{name}",
                expected=None if left is None else canonical.show(left),
                actual=None if right is None else canonical.show(right),
            )
        )
    return differences


def _less(item: Item, ignored: frozenset[str]) -> Item:
    return {name: value for name, value in item.items() if name not in ignored} if ignored else item
