"""The machine that an ELF file was built for.

Layout: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
"""

from __future__ import annotations

import struct

from lambdameter.model.base import Architecture

_MAGIC = b"\x7fELF"
_BYTE_ORDER = 5
_BYTE_ORDERS = {1: "<", 2: ">"}
_MACHINE = 18
# EM_X86_64 and EM_AARCH64
_ARCHITECTURES: dict[int, Architecture] = {62: "x86_64", 183: "arm64"}


def is_elf(content: bytes) -> bool:
    """Whether this is an ELF file with at least the field of its machine."""
    return content.startswith(_MAGIC) and len(content) >= _MACHINE + 2


def machine(content: bytes) -> Architecture | str:
    """Lambda's name of an ELF file's machine; "ELF machine 8" for machines without such a name."""
    order = _BYTE_ORDERS.get(content[_BYTE_ORDER], "<")
    (number,) = struct.unpack_from(f"{order}H", content, _MACHINE)
    return _ARCHITECTURES.get(number, f"ELF machine {number}")
