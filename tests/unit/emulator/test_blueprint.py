from __future__ import annotations

from typing import Any

import pytest

from lambdameter.emulator.blueprint import Address
from lambdameter.emulator.listener import Listener
from lambdameter.emulator.messages import Request, Response


def test_what_environments_are_made_from_cannot_change_under_them(blueprint: Any):
    with pytest.raises(AttributeError):
        blueprint.timeout_s = 4


async def test_a_listener_is_an_address():
    async def nothing(_request: Request) -> Response:
        return Response()

    address: Address = await Listener.open(nothing, lambda *_: None, keep=0)
    host, port = address.address.split(":")
    assert (host, int(port) > 0) == ("127.0.0.1", True)
    address.close()
