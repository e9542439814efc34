from __future__ import annotations

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


def test_the_wheel_says_that_the_package_has_types() -> None:
    """https://typing.python.org/en/latest/spec/distributing.html#packaging-type-information"""
    packaged = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert "lambdameter/py.typed" in packaged


def test_what_is_read_at_run_time_is_in_the_wheel() -> None:
    packaged = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    source = ROOT / "src"
    data = {
        str(file.relative_to(source))
        for file in (source / "lambdameter").rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    }
    assert data - packaged == set()
