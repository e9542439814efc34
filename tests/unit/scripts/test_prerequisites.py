from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT, MAKEFILE = ROOT / "scripts" / "prerequisites.sh", ROOT / "Makefile"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH on which all that is needed stands."""
    (tmp_path / "python3").symlink_to(sys.executable)
    for name in ("cargo", "cc"):
        tool(tmp_path, name, "exit 0")
    tool(tmp_path, "uname", "echo Linux")
    return tmp_path


def tool(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )


def test_a_machine_with_everything_passes_and_names_its_python(tools: Path) -> None:
    found = check(tools)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.strip() == str(tools / "python3")


@pytest.mark.parametrize(
    ("name", "says"),
    [("cargo", "a Rust toolchain"), ("cc", "a C compiler"), ("python3", "Python 3.11 or newer")],
)
def test_a_missing_tool_is_named_with_the_next_step(tools: Path, name: str, says: str) -> None:
    (tools / name).unlink()
    found = check(tools)
    assert found.returncode == 3
    assert says in found.stderr
    assert "Next: " in found.stderr


def test_an_old_python_is_not_enough(tools: Path) -> None:
    tool(tools, "python3", "exit 1")
    assert "Python 3.11 or newer" in check(tools).stderr


def test_a_python_without_venv_is_told_apart(tools: Path) -> None:
    tool(tools, "python3", 'case "$2" in *venv*) exit 1 ;; esac')
    assert "the venv module" in check(tools).stderr


def test_another_system_is_refused(tools: Path) -> None:
    tool(tools, "uname", "echo Darwin")
    found = check(tools)
    assert found.returncode == 3
    assert "Linux" in found.stderr


def test_a_uv_that_cannot_be_installed_is_told_with_the_next_step(tools: Path) -> None:
    tool(tools, "python3", 'case "$1$2" in -mvenv) exit 1 ;; esac')
    cache = tools / "cache"
    version = re.search(r"^UV_VERSION := (\S+)$", MAKEFILE.read_text(), re.MULTILINE)
    assert version is not None
    asked = subprocess.run(
        ["make", "-C", MAKEFILE.parent, cache / "lambdameter" / f"uv-{version[1]}" / "bin" / "uv"],
        env={"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(tools), "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 2  # make's own, of any recipe that fails
    assert "lambdameter needs uv" in asked.stderr
    assert "  Next: check the connection to https://pypi.org" in asked.stderr
    assert "Error 3" in asked.stderr


def test_all_that_is_missing_is_told_at_once(tools: Path) -> None:
    for name in ("cargo", "cc"):
        (tools / name).unlink()
    assert check(tools).stderr.count("lambdameter needs") == 2
