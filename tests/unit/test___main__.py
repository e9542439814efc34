from __future__ import annotations

import subprocess
import sys

import pytest

from lambdameter import __main__ as program

BROKEN = {
    "a command": "from lambdameter import cli; cli.main = lambda: {}['key']",
    "an installation": "import sys; sys.modules['lambdameter.cli'] = None",
}


@pytest.mark.parametrize("how", BROKEN.values(), ids=BROKEN.keys())
def test_a_bug_is_not_a_negative_verdict(how: str) -> None:
    run = f"{how}; from lambdameter.__main__ import main; main()"
    ended = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert ended.returncode == program.BUG
    assert ended.stderr.startswith("Traceback")
    assert "\nerror: This is a bug in lambdameter" in ended.stderr
