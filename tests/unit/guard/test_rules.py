"""The rules, held to tests/guard/requests.toml; the Rust services are held to it as well."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from lambdameter.guard import authority
from lambdameter.guard import rules as guard
from lambdameter.guard.rules import Rules, quoted, refusal

TABLE = Path(__file__).parents[2] / "guard" / "requests.toml"
REQUESTS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["request"]
ALLOWED = frozenset({"lambda.test", "192.0.2.7", "fd00::7"})
PAGE = authority.origin("http://page.test:5173")
PORT = 9_001
assert PAGE is not None
RULES = {
    "control": Rules(profile=guard.CONTROL_API, hosts=ALLOWED),
    "runtime": Rules(profile=guard.RUNTIME_API),
    "gateway": Rules(profile=guard.GATEWAY, hosts=ALLOWED, origins=frozenset({PAGE})),
    "page": Rules(profile=guard.PAGE),
}
TARGETS = {
    "control": ("/2015-03-31/functions/none", "/2015-03-31/functions"),
    "runtime": ("/2018-06-01/runtime/none", "/2018-06-01/runtime/invocation/none/response"),
    "gateway": ("/live/@connections/none", "/live/@connections/none"),
    "page": ("/site.json", "/"),
}


def rows() -> list[Any]:
    return [
        pytest.param(request, listener, id=f"{listener}: {request['name']}")
        for request in REQUESTS
        for listener in request.get("listeners", RULES)
        if listener in RULES
    ]


def headers_of(request: dict[str, Any], listener: str) -> dict[str, str]:
    """As the servers hand them on: names in lower case, equal ones joined."""
    joined: dict[str, str] = {}
    for name, value in request["headers"]:
        key, text = name.lower(), filled(value, listener).strip()
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


def filled(text: str, listener: str) -> str:
    path, post = TARGETS[listener]
    return text.format(host=f"127.0.0.1:{PORT}", port=PORT, path=path, post=post)


@pytest.mark.parametrize(("request_", "listener"), rows())
def test_a_request_is_served_or_breaks_the_rule_that_the_table_names(
    request_: dict[str, Any], listener: str
) -> None:
    refused = refusal(
        request_.get("method", "GET"),
        filled(request_.get("target", "{path}"), listener),
        headers_of(request_, listener),
        RULES[listener],
    )
    assert (refused and refused.rule) == request_.get("refuse")


def test_the_table_has_a_case_of_every_rule_at_every_listener() -> None:
    rules = {"target", "host", "origin", "site", "form"}
    for listener in (*RULES, "admin", "dynamodb", "s3"):
        at = [one for one in REQUESTS if listener in one.get("listeners", (listener,))]
        assert {one.get("refuse") for one in at} >= {None, *rules}, listener


def test_a_refusal_tells_what_was_refused_and_what_to_do() -> None:
    rules = Rules(profile=guard.CONTROL_API, remedy="Call localhost.")
    refused = refusal("GET", "/", {"host": "evil.example"}, rules)
    assert refused is not None
    assert refused.message == 'Host "evil.example" is not this machine\'s loopback. Call localhost.'


@pytest.mark.parametrize("markup", ['"</Message>', "\x00\r\n", "\N{SNOWMAN}", "<script>&\\'`"])
def test_nothing_of_a_request_can_end_the_text_that_quotes_it(markup: str) -> None:
    assert not set(quoted(markup)) & set("\"'<>&\\`\x00\r\n\N{SNOWMAN}")


def test_what_is_quoted_is_short() -> None:
    assert len(quoted("a" * 10_000)) < 100


def test_a_type_is_known_however_long_its_parameters_are() -> None:
    rules = Rules(profile=guard.PAGE)
    for essence, rule in (("application/json", None), ("text/plain", "form")):
        sent = {"host": "localhost", "content-type": f"{essence}; a={'b' * 1_000}"}
        refused = refusal("POST", "/", sent, rules)
        assert (refused and refused.rule) == rule
