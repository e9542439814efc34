from __future__ import annotations

from typing import Any

import pytest


def names(answer: Any) -> list[str]:
    return [function["FunctionName"] for function in answer.document["Functions"]]


async def test_pages_come_by_name(ask: Any, creation: Any) -> None:
    for name in ("b", "a", "c"):
        await ask("POST", "", creation(FunctionName=name))
    first = await ask("GET", "?MaxItems=2")
    assert names(first) == ["a", "b"]
    second = await ask("GET", f"?MaxItems=2&Marker={first.document['NextMarker']}")
    assert names(second) == ["c"]
    assert "NextMarker" not in second.document


@pytest.mark.parametrize("limit", ["0", "-1", "many", "%C2%B2"])
async def test_a_page_without_a_size_is_refused(ask: Any, limit: str) -> None:
    refused = await ask("GET", f"?MaxItems={limit}")
    assert (refused.status, refused.code) == (400, "InvalidParameterValueException")
