"""Which operation serves a request: method and path, with named parts in braces."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping

from lambdameter.emulator.http.messages import Request, Response
from lambdameter.guard import rules as guard

Handler = Callable[[Request], Response | Awaitable[Response]]
"""A response, or an awaitable of one: operations that need not wait answer at once."""

Admit = Callable[[str, str, Mapping[str, str]], Response | None]
"""(method, target, headers) -> the answer to a request that is refused; None: it is served."""

# The most Hosts and targets that are cached: clients use a few, an attacker could send any number.
_CACHED = 256


def admission(rules: guard.Rules, answer: Callable[[str], Response]) -> Admit:
    """The guard of one API.

    One invocation takes three requests, and each is checked here. A request that no rule can refuse
    is admitted before the rules are evaluated, which costs a tenth.

    Args:
        rules: who may call the API.
        answer: makes the API's own form of an error from a message.
    """
    types = guard.never_simple(rules.profile)
    # Admitted before. A Host is admitted whatever the rest of the request is; a request without a
    # content type is admitted for its method and target.
    hosts: set[str | None] = set()
    untyped: set[tuple[str, str]] = set()

    def admit(method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        kind = headers.get("content-type")
        if (
            headers.get("host") in hosts
            and (kind in types or (kind is None and (method, target) in untyped))
            and "origin" not in headers
            and "sec-fetch-site" not in headers
            and target.startswith("/")
        ):
            return None
        refusal = guard.refusal(method, target, headers, rules)
        if refusal is not None:
            return answer(refusal.message)
        if len(hosts) < _CACHED:
            hosts.add(headers.get("host"))
        if kind is None and len(untyped) < _CACHED:
            untyped.add((method, target))
        return None

    return admit


class Routes:
    """Handlers by method and path template ("/functions/{name}"); the first match serves.

    Args:
        routes: method, path template, handler.
        otherwise: serves requests without a route.
    """

    def __init__(self, routes: Iterable[tuple[str, str, Handler]], otherwise: Handler) -> None:
        self._routes = [(method, _compile(path), handler) for method, path, handler in routes]
        self._otherwise = otherwise

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Serve a request."""
        path = request.path
        for method, pattern, handler in self._routes:
            if method == request.method and (match := pattern.fullmatch(path)):
                request.parameters = match.groupdict()
                return handler(request)
        return self._otherwise(request)


def _compile(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
