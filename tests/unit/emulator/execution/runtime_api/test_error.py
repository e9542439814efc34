from __future__ import annotations

from typing import Any


async def test_an_error_is_taken_as_it_is_worded(ask: Any, peer: Any) -> None:
    answer = await ask("POST", "/invocation/r1/error", b'{"errorType":"E"}')
    assert answer.status == 202
    assert peer.calls == [("error", "r1", b'{"errorType":"E"}')]
