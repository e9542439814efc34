from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lambdameter.emulator.http.messages import Request, Response
from lambdameter.emulator.http.routes import Routes, admission
from lambdameter.guard import rules as guard


async def name(request: Request) -> Response:
    return Response(body=request.parameters["name"].encode())


async def missing(_request: Request) -> Response:
    return Response(status=404)


ROUTES = Routes(
    [("GET", "/v1.0/functions/{name}", name), ("GET", "/v1.0/functions/{name}/code", name)],
    otherwise=missing,
)


async def served(request: Request) -> Response:
    answer = ROUTES(request)
    return answer if isinstance(answer, Response) else await answer


@pytest.mark.parametrize("path", ["/v1.0/functions/f%24", "/v1.0/functions/f$/code?x=/y"])
async def test_a_part_of_the_path_is_a_parameter(path: str) -> None:
    answer = await served(Request(method="GET", target=path, headers={}))
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
async def test_what_has_no_route_is_served_otherwise(method: str, path: str) -> None:
    answer = await served(Request(method=method, target=path, headers={}))
    assert answer.status == 404


def test_who_is_not_admitted_is_told_why_in_the_apis_own_form() -> None:
    rules = guard.Rules(profile=guard.PAGE)
    admit = admission(rules, lambda message: Response(status=403, body=message.encode()))
    assert admit("GET", "/", {"host": "localhost"}) is None
    refused = admit("GET", "/", {"host": "evil.example"})
    assert refused is not None
    assert (refused.status, refused.body[:19]) == (403, b'Host "evil.example"')


TABLE = Path(__file__).parents[3] / "guard" / "requests.toml"
PATHS = {
    "control": ("/2015-03-31/functions/none", "/2015-03-31/functions", guard.CONTROL_API),
    "runtime": ("/2018-06-01/none", "/2018-06-01/runtime/invocation/1/response", guard.RUNTIME_API),
}


@pytest.mark.parametrize("listener", PATHS)
def test_who_was_let_in_before_opens_the_door_to_nobody_else(listener: str) -> None:
    """Every request of the table, in three rounds, so that what is remembered is of all others."""
    path, post, profile = PATHS[listener]
    allowed = frozenset({"lambda.test", "192.0.2.7", "fd00::7"} if listener == "control" else ())
    rules = guard.Rules(profile=profile, hosts=allowed)
    admit = admission(rules, lambda message: Response(status=403, body=message.encode()))

    def filled(text: str) -> str:
        return text.format(host="127.0.0.1:9001", port=9_001, path=path, post=post)

    for _ in range(3):
        for row in tomllib.loads(TABLE.read_text())["request"]:
            if listener not in row.get("listeners", PATHS):
                continue
            headers: dict[str, str] = {}
            for name, value in row["headers"]:
                key, text = name.lower(), filled(value).strip()
                headers[key] = f"{headers[key]}, {text}" if key in headers else text
            target = filled(row.get("target", "{path}"))
            refused = admit(row.get("method", "GET"), target, headers)
            assert (refused is not None) == ("refuse" in row), row["name"]
