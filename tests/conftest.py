from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter import binaries
from lambdameter.emulator.sandbox import WAYS, cgroup_tree, cgroup_v1, detect, launch, processes
from lambdameter.errors import HostError
from lambdameter.model.race_messages import Message
from lambdameter.model.sample import Enforcement

Require = Callable[[bool, str], None]
CGROUPS = ("cgroup-v2", "cgroup-v1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of sandboxes run once for each way that this host grants; of the rest none is told."""
    granted = metafunc.config.stash[_GRANTED]
    kinds = {
        "way": [name for name in granted if name != "none"],
        "cgroup_way": [name for name in granted if name in CGROUPS],
        "enclosing_way": [
            name for name, told in granted.items() if told.isolation.startswith(launch.ENCLOSED)
        ],
    }
    for kind, ways in kinds.items():
        if kind in metafunc.fixturenames:
            metafunc.parametrize(kind, ways, scope="session")


_GRANTED = pytest.StashKey[dict[str, Enforcement]]()


def pytest_configure(config: pytest.Config) -> None:
    # What nohup or a shell's background job ignores, all that is started here would ignore too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_GRANTED] = {}
    for name in WAYS:
        with contextlib.suppress(HostError), tempfile.TemporaryDirectory() as state:
            factory = detect(Path(state), name)
            config.stash[_GRANTED][name] = factory.enforcement
            factory.close()


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


@pytest.fixture(scope="module")
def doors(require_launcher: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: ARG001
    """Every listener, running: tests/doors.py, which is loaded, since tests are no package."""
    spec = importlib.util.spec_from_file_location("doors", Path(__file__).with_name("doors.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.opened(tmp_path_factory.mktemp("doors")) as opened:
        yield opened


@pytest.fixture(scope="session")
def checked_message() -> Callable[[str | bytes], dict[str, Any]]:
    """Reads a message of the race; it fails where a field is unknown, missing or wrong."""

    def check(text: str | bytes) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(text)
        known = msgspec.json.encode(msgspec.json.decode(text, type=Message))
        # A struct leaves out what it does not know.
        assert msgspec.json.decode(known) == message
        return message

    return check


@pytest.fixture(scope="session")
def require_launcher(require: Require) -> None:
    try:
        binaries.find(launch.LAUNCHER)
    except HostError as error:
        require(False, str(error))  # noqa: FBT003


@pytest.fixture(scope="session")
def granted(request: pytest.FixtureRequest) -> dict[str, Enforcement]:
    """The ways of enclosing that this host grants."""
    return request.config.stash[_GRANTED]


@pytest.fixture(scope="session")
def require_cgroup_v1(require: Require, require_launcher: None) -> None:  # noqa: ARG001
    root = os.geteuid() == 0 and processes.may_administer()
    mounted = cgroup_tree.own_folders(cgroup_v1.WANTED).keys() >= cgroup_v1.NEEDED
    require(root and mounted, "needs root and cgroup v1")
