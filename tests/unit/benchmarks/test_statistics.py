from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_simulation_replaces_its_part_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "method.md"
    shutil.copy(ROOT / "docs" / "method.md", page)
    script = ROOT / "benchmarks" / "statistics.py"
    told = subprocess.run(
        [sys.executable, "-P", script, "--scale", "0.0005", "--write", page],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "| 20 | medians |" in told
    assert "| A/A |" in told
    begin, end = "<!-- simulated: begin -->\n", "<!-- simulated: end -->"
    before, after = ((ROOT / "docs" / "method.md").read_text(), page.read_text())
    assert after.split(begin)[1].split(end)[0] == told
    assert after.split(begin)[0] == before.split(begin)[0]
    assert after.split(end)[1] == before.split(end)[1]
