from __future__ import annotations

from typing import Any


async def test_a_path_that_is_not_the_apis_is_404(ask: Any, peer: Any) -> None:
    assert (await ask("GET", "/invocation/last")).status == 404
    assert (await ask("POST", "/invocation/next", b"")).status == 404
    assert peer.calls == []


async def test_no_page_is_the_runtime(ask: Any, peer: Any) -> None:
    answer = await ask("GET", "/invocation/next", None, {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.error_type) == (403, "Forbidden")
    answer = await ask("POST", "/invocation/r1/response", "1", {"Content-Type": "text/plain"})
    assert (answer.status, answer.error_type) == (403, "Forbidden")
    assert peer.calls == []
