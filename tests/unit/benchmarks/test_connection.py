from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_shipped_connection_is_the_fitted_one():
    script = ROOT / "benchmarks" / "latency_fit" / "connection.py"
    told = subprocess.check_output([sys.executable, "-P", script], text=True)
    shipped = tomllib.loads((ROOT / "crates" / "services" / "latency.toml").read_text())
    assert tomllib.loads(told.splitlines()[0])["connection"] == shipped["connection"]
    assert "rust 128 MB: 0.87  (not fitted)" in told
    assert "rust 512 MB: 0.97\n" in told
