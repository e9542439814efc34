"""The command line; as a program that another one starts it is tested in tests/conformance."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lambdameter.emulator import __main__ as command
from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.options import EmulatorFailed, EmulatorReady, Options
from lambdameter.errors import HostError, TargetError

READY = EmulatorReady(
    endpoint="http://127.0.0.1:1", dynamodb=None, s3=None, ca_bundle=None, region="eu-west-1"
)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """uvloop, whose loop this thread runs here, leaves signal handlers of its own behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Options]]:
    """What the emulator was started with; its stdin has ended already."""
    asked: list[Options] = []

    @contextlib.asynccontextmanager
    async def serve(options: Options) -> AsyncIterator[tuple[EmulatorReady, Any]]:
        asked.append(options)
        if options.port == 1:
            raise HostError(
                "The port is already in use", place="127.0.0.1:1", next_step="Take another."
            )
        yield READY, SimpleNamespace(placement=SimpleNamespace(died=None))

    monkeypatch.setattr(command, "serve", serve)
    read, write = os.pipe()
    os.close(write)
    stdin = os.fdopen(read)
    monkeypatch.setattr("sys.stdin", stdin)
    yield asked
    stdin.close()


def test_it_says_that_it_is_ready_and_leaves_with_its_stdin(
    served: list[Options], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(['{"region": "eu-west-1", "latency": "off", "seed": 5}']) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=EmulatorReady) == READY
    assert served == [Options(region="eu-west-1", latency="off", seed=5)]


def test_a_start_that_fails_is_one_line_and_an_exit_code(
    served: list[Options], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(['{"port": 1}']) == 3
    failed = msgspec.json.decode(capsys.readouterr().out, type=EmulatorFailed)
    assert (failed.cause, failed.place, failed.exit_code) == (
        "The port is already in use",
        "127.0.0.1:1",
        3,
    )
    assert served[0].port == 1


def test_with_a_websocket_api_it_ends_when_its_data_plane_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its stdin stays open: nobody who watches a race would ask it for anything."""
    lost = TargetError("The local services died", next_step="Start again.")

    @contextlib.asynccontextmanager
    async def serve(_: Options) -> AsyncIterator[tuple[EmulatorReady, Any]]:
        died = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(died.set_result, lost)
        yield READY, SimpleNamespace(placement=SimpleNamespace(died=died))
        raise died.result()

    api = WebSocketApi(name="race", stage="s", routes={"run": "f"})
    document = msgspec.json.encode(Options(websocket_api=api)).decode()
    monkeypatch.setattr(command, "serve", serve)
    read, write = os.pipe()
    with os.fdopen(read, closefd=False) as stdin:  # the loop closes it
        monkeypatch.setattr("sys.stdin", stdin)
        assert command.main([document]) == 4
    os.close(write)
    told = capsys.readouterr().out.splitlines()
    assert msgspec.json.decode(told[1], type=EmulatorFailed).cause == "The local services died"


def test_environments_are_not_held_to_a_shells_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        command.allow_many_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("arguments", [["--verbose"], ["{"], ["{}", "{}"], ['{"ports": 1}']])
def test_options_that_are_no_document_are_refused_and_nothing_is_started(
    served: list[Options], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert command.main(arguments) == 2
    failed = msgspec.json.decode(capsys.readouterr().out, type=EmulatorFailed)
    assert failed.place == "python -m lambdameter.emulator"
    assert served == []
