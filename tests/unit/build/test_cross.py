from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lambdameter.build import cross
from lambdameter.errors import BadInputError, HostError


class FakeCargo:
    """`cargo lambda build`: leaves a bootstrap where it is told to, and ends with `code`."""

    def __init__(self, code: int = 0) -> None:
        self._code = code
        self.command: Sequence[str] = ()

    def __call__(self, command: Sequence[str], _folder: Path, _variables: Mapping[str, str]) -> int:
        self.command = command
        if "--lambda-dir" in command and not self._code:
            folder = Path(command[command.index("--lambda-dir") + 1])
            built = folder / command[command.index("--bin") + 1] / "bootstrap"
            built.parent.mkdir(parents=True)
            built.write_bytes(b"built")
        return self._code


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_crate_becomes_a_bootstrap(tmp_path: Path) -> None:
    built = cross.build(tmp_path, "racer", "arm64", FakeCargo())
    assert built == b"built"


@pytest.mark.parametrize(("architecture", "flag"), [("arm64", "--arm64"), ("x86_64", "--x86-64")])
def test_the_architecture_is_asked_for(tmp_path: Path, architecture: str, flag: str) -> None:
    cargo = FakeCargo()
    cross.build(tmp_path, "racer", architecture, cargo)  # type: ignore[arg-type]
    assert flag in cargo.command
    assert "--locked" in cargo.command


def test_what_does_not_compile_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="could not build racer for arm64"):
        cross.build(tmp_path, "racer", "arm64", FakeCargo(code=101))


def test_a_missing_cargo_lambda_is_told_before_the_build(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"uv pip install --python .venv cargo-lambda"):
        cross.check(FakeCargo(code=101), tmp_path)
