from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


async def test_the_code_is_told_where_it_lies(ask: Any, function: Any) -> None:
    told = (await ask("GET", "/f")).document
    location = Path(told["Code"]["Location"].removeprefix("file://"))
    assert (location / "h.py").read_text() == "x"
    assert told["Configuration"]["CodeSha256"] == function["CodeSha256"]


@pytest.mark.usefixtures("function")
async def test_the_latest_version_is_the_only_one(ask: Any) -> None:
    assert (await ask("GET", "/f?Qualifier=$LATEST")).status == 200
    refused = await ask("GET", "/f?Qualifier=7")
    assert (refused.status, refused.code) == (404, "ResourceNotFoundException")
    assert refused.document["Message"].endswith(":function:f:7")
