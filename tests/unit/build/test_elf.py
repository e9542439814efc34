from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from lambdameter.build import elf


def header(machine: bytes, order: int = 1) -> bytes:
    return b"\x7fELF\x02" + bytes([order]) + b"\x01" + b"\0" * 9 + b"\x02\x00" + machine


@pytest.mark.parametrize(
    ("content", "machine"),
    [
        (header(b"\x3e\x00"), "x86_64"),
        (header(b"\xb7\x00"), "arm64"),
        (header(b"\x00\xb7", order=2), "arm64"),
        (header(b"\x08\x00"), "ELF machine 8"),
    ],
)
def test_the_machine_is_read_from_the_header(content: bytes, machine: str) -> None:
    assert elf.is_elf(content)
    assert elf.machine(content) == machine


def test_the_running_python_is_built_for_this_host() -> None:
    expected = {"x86_64": "x86_64", "aarch64": "arm64"}

    assert elf.machine(Path(sys.executable).read_bytes()) == expected[platform.machine()]


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF"])
def test_other_files_are_no_elf(content: bytes) -> None:
    assert not elf.is_elf(content)
