from __future__ import annotations

from typing import Any


async def test_a_path_that_is_not_the_apis_is_404(ask: Any, peer: Any):
    assert (await ask("GET", "/invocation/last")).status == 404
    assert (await ask("POST", "/invocation/next", b"")).status == 404
    assert peer.calls == []
