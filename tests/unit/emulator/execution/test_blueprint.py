from __future__ import annotations

from typing import Any

import pytest

from lambdameter.emulator.execution.blueprint import Address, process_spec
from lambdameter.emulator.execution.placement import new_identity
from lambdameter.emulator.http.listener import Listener
from lambdameter.emulator.http.messages import Request, Response


def test_what_environments_are_made_from_cannot_change_under_them(blueprint: Any) -> None:
    with pytest.raises(AttributeError):
        blueprint.timeout_s = 4


def test_the_process_has_its_own_tmp_and_runtime_api(blueprint: Any) -> None:
    spec = process_spec(blueprint, new_identity(0.0), "127.0.0.1:7", "/host/tmp", 5)
    assert spec.mounts == {"/var/task": "/code", "/tmp": "/host/tmp"}  # noqa: S108
    assert spec.environment["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:7"
    assert (spec.argv, spec.start_note) == (("run",), 5)


async def test_a_listener_is_an_address() -> None:
    async def nothing(_request: Request) -> Response:
        return Response()

    address: Address = await Listener.open(nothing, lambda *_: None, keep=0)
    host, port = address.address.split(":")
    assert (host, int(port) > 0) == ("127.0.0.1", True)
    address.close()
