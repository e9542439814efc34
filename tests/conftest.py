from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from lambdameter import binaries
from lambdameter.emulator.sandbox import cgroup_tree, cgroup_v1, launch, processes
from lambdameter.errors import HostError

Require = Callable[[bool, str], None]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed run: nobody would notice that it stopped running."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def require() -> Require:
    """What a test needs of its host: it is skipped where that is missing, but fails in CI."""

    def check(condition: bool, reason: str) -> None:  # noqa: FBT001  reads as a sentence
        if not condition and os.environ.get("CI") == "true":
            pytest.fail(f"CI must have what this test needs: {reason}")
        if not condition:
            pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def require_launcher(require: Require) -> None:
    try:
        binaries.find(launch.LAUNCHER)
    except HostError as error:
        require(False, str(error))  # noqa: FBT003


@pytest.fixture(scope="session")
def require_cgroup_v1(require: Require, require_launcher: None) -> None:  # noqa: ARG001
    root = os.geteuid() == 0 and processes.may_administer()
    mounted = cgroup_tree.own_folders(cgroup_v1.WANTED).keys() >= cgroup_v1.NEEDED
    require(root and mounted, "needs root and cgroup v1")
