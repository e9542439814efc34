from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import none

pytestmark = pytest.mark.usefixtures("require_launcher")


def test_it_says_that_nothing_is_enforced(tmp_path: Path) -> None:
    enforcement = none.grant(tmp_path, "").enforcement
    assert (enforcement.by, enforcement.cpu, enforcement.memory) == ("none", "", "")
    assert enforcement.missing


def test_why_nothing_better_is_granted_is_told(tmp_path: Path) -> None:
    assert none.grant(tmp_path, "No kernel.").enforcement.missing == "No kernel."
