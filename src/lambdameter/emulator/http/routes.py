"""Which operation serves a request: method and path, with named parts in braces."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping

from lambdameter.emulator.http.messages import Request, Response
from lambdameter.guard import rules as guard

Handler = Callable[[Request], Response | Awaitable[Response]]
"""A response, or the promise of one: what need not wait is answered at once."""

Admit = Callable[[str, str, Mapping[str, str]], Response | None]
"""(method, target, headers) -> the answer to a request that is not served; None: it is."""

# Of Hosts and of targets: clients use a few, and one could make up any number.
_REMEMBERED = 256


def admission(rules: guard.Rules, answer: Callable[[str], Response]) -> Admit:
    """The guard of one API, whose own form of an error `answer` puts a message into.

    Three requests make one invocation, and each comes by here: what no rule can refuse is let in
    before the rules are asked, since it costs a tenth.
    """
    types = guard.never_simple(rules.profile)
    # Whether a Host is served depends on nothing else; whether a request without a type is, on
    # its method and target as well.
    hosts: set[str | None] = set()
    bare: set[tuple[str, str]] = set()

    def admit(method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        kind = headers.get("content-type")
        if (
            headers.get("host") in hosts
            and (kind in types or (kind is None and (method, target) in bare))
            and "origin" not in headers
            and "sec-fetch-site" not in headers
            and target.startswith("/")
        ):
            return None
        refused = guard.refusal(method, target, headers, rules)
        if refused is not None:
            return answer(refused.message)
        if len(hosts) < _REMEMBERED:
            hosts.add(headers.get("host"))
        if kind is None and len(bare) < _REMEMBERED:
            bare.add((method, target))
        return None

    return admit


class Routes:
    """Handlers by method and path template ("/functions/{name}"); the first match serves.

    Args:
        otherwise: serves what has no route.
    """

    def __init__(self, routes: Iterable[tuple[str, str, Handler]], otherwise: Handler) -> None:
        self._routes = [(method, _compile(path), handler) for method, path, handler in routes]
        self._otherwise = otherwise

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Serve a request."""
        path = request.path
        for method, pattern, handler in self._routes:
            if method == request.method and (found := pattern.fullmatch(path)):
                request.parameters = found.groupdict()
                return handler(request)
        return self._otherwise(request)


def _compile(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
