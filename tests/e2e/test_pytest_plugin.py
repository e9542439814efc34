"""The example of docs/pytest.md, as it stands there, and duels that do not hold."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Tiny = Callable[[dict[str, dict[str, bytes]]], Path]
SOUND = {"handler.py": b"def handler(event, context): return {'count': 1, 'total_ms': 1.0}\n"}
WRONG = {"handler.py": b"def handler(event, context): return {'count': 2, 'total_ms': 1.0}\n"}


def ran(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """A test file, run by a pytest of its own that knows the plugin and nothing else of ours."""
    (folder / "test_it.py").write_text(text)
    plugin = ("-p", "no:lambdameter", "-p", "lambdameter.pytest_plugin.fixture")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", folder, *plugin, folder],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_documented_example_passes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "pytest.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    told = ran(tmp_path, example)
    assert told.returncode == 0, told.stdout
    assert "3 passed" in told.stdout


@pytest.mark.parametrize(
    ("variants", "asserted", "said"),
    [
        ({"a": SOUND, "b": WRONG}, "duel.assert_equal()", "the variants do not do the same"),
        (
            {"a": SOUND, "b": SOUND},
            'duel.assert_not_slower("b", than="a", by="5%")',
            "CannotTell: b on one at 1,024 MB cannot be compared with a",
        ),
    ],
)
def test_what_does_not_hold_fails_with_the_reason(
    tiny: Tiny, tmp_path: Path, variants: dict[str, dict[str, bytes]], asserted: str, said: str
) -> None:
    measured = f'duel = lambda_duel({str(tiny(variants))!r}, sandbox="none", cold=1)'
    told = ran(tmp_path, f"def test_it(lambda_duel):\n    {measured}\n    {asserted}\n")
    assert told.returncode == 1
    assert said in told.stdout
