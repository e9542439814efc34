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


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The base of every record: immutable and closed.

    Nothing that a record holds leads back to it, so the collector of cycles need not look at a
    million of them again and again: https://jcristharif.com/msgspec/structs.html#disabling-garbage-collection

    Every subclass repeats `frozen=True, kw_only=True`: the type checker wants the first said
    again, and msgspec applies the second to the class that says it alone.
    """
