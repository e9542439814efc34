"""All items of a table as one digest, and what differs between two tables. Pure.

A digest holds each item's key and hash and not the item: a million items take about 300 MB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import msgspec

from lambdameter.model.sample import FieldDifference, RecordDifference
from lambdameter.model.workload import Table
from lambdameter.verify import canonical
from lambdameter.verify.canonical import Item

# How many differing records are shown field by field.
SHOWN = 10


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies an item, and which attributes may differ."""

    table: Table
    ignored: frozenset[str] = frozenset()

    @property
    def form(self) -> str:
        """Names the rule: digests made under different rules cannot be compared."""
        return f"{canonical.FORM} {self.table} {sorted(self.ignored)}"


class TableDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A table's content.

    Attributes:
        hashes: canonical key -> SHA-256 of the item.
        digest: SHA-256 over all (key, hash) pairs in key order, hexadecimal.
        write_units: what writing each item once costs, less those that were there before.
    """

    hashes: dict[bytes, bytes]
    digest: str
    write_units: int

    @property
    def count(self) -> int:
        """How many items."""
        return len(self.hashes)


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, each in key order."""

    missing: tuple[bytes, ...]
    extra: tuple[bytes, ...]
    changed: tuple[bytes, ...]

    @property
    def keys(self) -> list[bytes]:
        """All of them, in key order."""
        return sorted((*self.missing, *self.extra, *self.changed))


def digest(items: Iterable[Item], rule: Rule, before: TableDigest | None = None) -> TableDigest:
    """Digest items in any order; what already was in `before` was not written.

    Raises:
        ValueError: something is no item of this table, or two items have one key.
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
        # The length first: else two keys could share their bytes out differently.
        total.update(len(key).to_bytes(4, "big") + key + hashes[key])
    return TableDigest(hashes=hashes, digest=total.hexdigest(), write_units=units)


def compare(expected: TableDigest, actual: TableDigest) -> Differing:
    """The keys whose items are not the same on both sides."""
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
    """The records of these keys, field by field; `expected` and `actual` fetch an item."""
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
    """Where two items differ; inside maps that both have, by dotted path."""
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
