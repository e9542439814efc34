from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import detect
from lambdameter.emulator.sandbox.cgroup import AbsentError
from lambdameter.emulator.sandbox.none import NoEnforcement
from lambdameter.errors import BadInputError, HostError


def _refused(_state: Path, _missing: str) -> NoEnforcement:
    raise HostError("no such kernel", next_step="Get one.")


def _absent(_state: Path, _missing: str) -> NoEnforcement:
    raise AbsentError("no such version", next_step="Boot another kernel.")


def _granted(_state: Path, missing: str) -> NoEnforcement:
    return NoEnforcement(missing)


def test_auto_takes_the_best_that_is_granted(tmp_path: Path) -> None:
    factory = detect(tmp_path, ways={"best": _granted, "worst": _refused})
    assert factory.enforcement.missing == ""


def test_a_fallback_says_why_and_what_to_do(tmp_path: Path) -> None:
    factory = detect(tmp_path, ways={"best": _refused, "worst": _granted})
    assert factory.enforcement.missing == "no such kernel. Get one."


def test_of_what_the_kernel_never_has_a_fallback_says_nothing(tmp_path: Path) -> None:
    ways = {"absent": _absent, "best": _refused, "worst": _granted}
    assert detect(tmp_path, ways=ways).enforcement.missing == "no such kernel. Get one."


def test_where_the_kernel_has_nothing_a_fallback_says_that(tmp_path: Path) -> None:
    factory = detect(tmp_path, ways={"absent": _absent, "worst": _granted})
    assert factory.enforcement.missing == "no such version. Boot another kernel."


def test_what_is_insisted_on_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no such kernel"):
        detect(tmp_path, "best", {"best": _refused, "worst": _granted})


def test_where_nothing_is_granted_the_last_refusal_is_raised(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no such kernel"):
        detect(tmp_path, ways={"best": _refused})


def test_an_unknown_way_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        BadInputError,
        match=("auto, cgroup-v2, cgroup-v1, duty-cycle, none"),
    ):
        detect(tmp_path, "cgroup-v9")
