from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from lambdameter.pytest_plugin import fixture

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_pytest_finds_the_plugin_wherever_lambdameter_is_installed() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"lambdameter": fixture.__name__}


def test_those_who_ask_for_no_duel_do_not_wait_for_what_it_needs() -> None:
    code = "import sys, lambdameter.pytest_plugin.fixture; print('boto3' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
