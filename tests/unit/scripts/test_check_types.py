from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "check_types.py"
MYPY: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]


@pytest.fixture(scope="module")
def check_types() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_types", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*.py") if "node_modules" not in file.parts}


def test_no_python_file_is_left_out(check_types: ModuleType) -> None:
    named = [path for pattern in MYPY["files"] for path in ROOT.glob(pattern)]
    named += [ROOT / folder for package in check_types.packages() for folder in package]
    covered = {file for path in named for file in (files(path) or {path})}
    visible = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    there = {file for path in visible for file in (files(path) if path.is_dir() else {path})}
    assert {file for file in there if file.suffix == ".py"} - covered == set()


def test_a_function_is_checked_with_what_lies_beside_it(
    check_types: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sums.py").write_text("def total(numbers: list[int]) -> int:\n    return 0\n")
    handler = tmp_path / "handler.py"
    handler.write_text("import sums\n\nsums.total([1])\n")
    assert check_types.checked((tmp_path,))
    handler.write_text("import sums\n\nsums.total(1)\n")
    assert not check_types.checked((tmp_path,))
    assert "[arg-type]" in capfd.readouterr().out


def test_each_service_that_the_stack_imports_from_cdk_is_read() -> None:
    (read,) = (one["module"] for one in MYPY["overrides"] if one.get("follow_imports") == "normal")
    text = "\n".join(file.read_text() for file in (ROOT / "race" / "infra").glob("*.py"))
    services = set(re.findall(r"(?m)^from aws_cdk import (\w+)", text))
    assert services
    assert {f"aws_cdk.{service}.*" for service in services} - set(read) == set()
