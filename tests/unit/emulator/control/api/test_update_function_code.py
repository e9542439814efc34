from __future__ import annotations

from typing import Any

from lambdameter.model.report_line import parse_meter


async def test_the_next_invocation_starts_a_new_environment(
    ask: Any, host: Any, function: Any, zipped: Any
) -> None:
    first = parse_meter((await ask("POST", "/f/invocations", {})).headers)
    updated = await ask("PUT", "/f/code", {"ZipFile": zipped("new")})
    assert (updated.status, updated.document["LastUpdateStatus"]) == (200, "InProgress")
    assert updated.document["CodeSha256"] != function["CodeSha256"]
    await ask("GET", "/f")
    second = parse_meter((await ask("POST", "/f/invocations", {})).headers)
    assert first is not None
    assert second is not None
    assert first.environment != second.environment
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_a_request_without_a_package_is_refused(ask: Any, function: Any) -> None:
    refused = await ask("PUT", f"/{function['FunctionName']}/code", {})
    assert (refused.status, refused.code) == (400, "InvalidParameterValueException")


async def test_an_update_of_another_revision_is_refused(
    ask: Any, function: Any, zipped: Any
) -> None:
    change = {"ZipFile": zipped("new"), "RevisionId": function["RevisionId"] + "x"}
    refused = await ask("PUT", "/f/code", change)
    assert (refused.status, refused.code) == (412, "PreconditionFailedException")
