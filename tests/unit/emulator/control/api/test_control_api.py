"""What all operations share."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambdameter.emulator.control import settings
from lambdameter.emulator.control.api import control_api_guard
from lambdameter.errors import HostError


async def test_an_operation_that_is_not_served_is_told_as_that(ask: Any) -> None:
    refused = await ask("GET", "/f/policy")
    assert (refused.status, refused.code) == (404, "UnknownOperationException")
    assert "GET /2015-03-31/functions/f/policy" in refused.document["Message"]


async def test_what_the_host_fails_at_is_a_service_exception(
    ask: Any, function: Any, plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(_revision: str) -> None:
        await asyncio.sleep(0)
        raise HostError("It does not die", next_step="Look.")

    monkeypatch.setattr(plane.placement, "retire", stuck)
    refused = await ask("DELETE", f"/{function['FunctionName']}")
    assert (refused.status, refused.code) == (500, "ServiceException")
    assert refused.document["Message"] == "It does not die. Look."


async def test_every_answer_has_a_request_id_of_its_own(ask: Any) -> None:
    first, second = await ask("GET", ""), await ask("GET", "")
    assert first.headers["x-amzn-requestid"] != second.headers["x-amzn-requestid"]


def test_the_runtimes_of_the_issue_are_served() -> None:
    assert settings.RUNTIMES == ("python3.11", "python3.12", "python3.13", "provided.al2023")


async def test_a_page_of_somebody_elses_is_denied_access_in_awss_form(ask: Any) -> None:
    answer = await ask("GET", "", None, {"Origin": "http://evil.example"})
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert answer.document["Type"] == "User"
    assert "http://evil.example" in answer.document["Message"]
    assert answer.headers["x-amzn-requestid"]


def test_a_name_that_is_allowed_is_served() -> None:
    admit = control_api_guard(frozenset({"lambda.test"}))
    assert admit("GET", "/", {"host": "Lambda.test.:9001"}) is None
    refused = admit("GET", "/", {"host": "other.test"})
    assert refused is not None
    assert b"allow the name with --allow-host" in refused.body
