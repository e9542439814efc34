from __future__ import annotations

import pytest

from lambdameter import guard
from lambdameter.emulator.messages import Request, Response
from lambdameter.emulator.routes import Routes, admission


async def name(request: Request) -> Response:
    return Response(body=request.parameters["name"].encode())


async def missing(_request: Request) -> Response:
    return Response(status=404)


ROUTES = Routes(
    [("GET", "/v1.0/functions/{name}", name), ("GET", "/v1.0/functions/{name}/code", name)],
    otherwise=missing,
)


@pytest.mark.parametrize("path", ["/v1.0/functions/f%24", "/v1.0/functions/f$/code?x=/y"])
async def test_a_part_of_the_path_is_a_parameter(path: str):
    answer = await ROUTES(Request(method="GET", target=path, headers={}))
    assert answer.body == b"f$"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1.0/functions/f"),
        ("GET", "/v1.0/functions/"),
        ("GET", "/v1.0/functions/a/b"),
        ("GET", "/v1x0/functions/f"),
    ],
)
async def test_what_has_no_route_is_served_otherwise(method: str, path: str):
    answer = await ROUTES(Request(method=method, target=path, headers={}))
    assert answer.status == 404


def test_who_is_not_admitted_is_told_why_in_the_apis_own_form():
    rules = guard.Rules(profile=guard.PAGE)
    admit = admission(rules, lambda message: Response(status=403, body=message.encode()))
    assert admit("GET", "/", {"host": "localhost"}) is None
    refused = admit("GET", "/", {"host": "evil.example"})
    assert refused is not None
    assert (refused.status, refused.body[:19]) == (403, b'Host "evil.example"')
