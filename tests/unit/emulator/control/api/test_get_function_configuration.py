from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest


@pytest.mark.parametrize("spell", [str, lambda arn: quote(arn, safe="")])
async def test_a_function_has_its_arn_for_a_name(ask: Any, function: Any, spell: Any) -> None:
    got = await ask("GET", f"/{spell(function['FunctionArn'])}/configuration")
    assert got.document["CodeSha256"] == function["CodeSha256"]


async def test_a_function_that_is_not_there_is_named_by_its_arn(ask: Any) -> None:
    refused = await ask("GET", "/g/configuration")
    assert (refused.status, refused.code) == (404, "ResourceNotFoundException")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:g"
    assert refused.document["Message"] == f"Function not found: {arn}"
