from __future__ import annotations

import inspect

import pytest

from lambdameter.emulator.execution.environment import Environment
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer


@pytest.mark.parametrize("method", ["next_event", "respond", "report_error", "report_init_error"])
def test_an_environment_is_a_peer(method: str) -> None:
    wanted = inspect.signature(getattr(RuntimePeer, method)).parameters
    assert inspect.signature(getattr(Environment, method)).parameters == wanted
