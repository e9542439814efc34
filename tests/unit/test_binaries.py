from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from lambdameter import binaries
from lambdameter.errors import HostError


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return (
        tmp_path / "venv" / "bin",
        tmp_path / "cache" / "lambdameter" / "cargo-target" / "release",
    )


def _program(folder: Path, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "tool"
    program.touch()
    program.chmod(mode)
    return program


def test_an_installed_program_wins_over_a_built_one(places: tuple[Path, Path]) -> None:
    installed, built = places
    _program(built)
    wanted = _program(installed)
    assert binaries.find("tool") == wanted


def test_a_program_that_is_only_built_is_found(places: tuple[Path, Path]) -> None:
    _, built = places
    wanted = _program(built)
    assert binaries.find("tool") == wanted


def test_a_file_that_cannot_be_run_is_no_program(places: tuple[Path, Path]) -> None:
    installed, built = places
    _program(installed, mode=0o644)
    wanted = _program(built)
    assert binaries.find("tool") == wanted


def test_what_is_nowhere_names_make_setup(places: tuple[Path, Path]) -> None:
    with pytest.raises(HostError) as caught:
        binaries.find("tool")
    assert "make setup" in caught.value.next_step
    assert str(places[1]) in str(caught.value.place)


def test_the_wheel_has_every_program_of_ours() -> None:
    hook = (Path(__file__).parents[2] / "hatch_build.py").read_text()
    (names,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(hook).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BINARIES"
    )
    assert names == binaries.PROGRAMS
