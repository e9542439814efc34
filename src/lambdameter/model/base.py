"""What all records share."""

from __future__ import annotations

from typing import Literal

import msgspec

MIN_MEMORY_MB = 128
MAX_MEMORY_MB = 10_240
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEMORY_MB_PER_VCPU = 1_769

Call = Literal["cold", "warm"]
CALLS: tuple[Call, ...] = ("cold", "warm")
Architecture = Literal["arm64", "x86_64"]
ParameterValue = int | float | str | bool
# Variant, case, memory size in MB.
CellKey = tuple[str, str, int]
CallKey = tuple[CellKey, Call]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The base of every record: immutable and closed.

    A record never leads back to itself, so the garbage collector need not track a million of them:
    https://jcristharif.com/msgspec/structs.html#disabling-garbage-collection

    Every subclass repeats `frozen=True, kw_only=True`: the type checker needs the first, and
    msgspec does not inherit the second.
    """
