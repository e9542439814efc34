"""Which operation serves a request: method and path, with named parts in braces."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping

from lambdameter import guard
from lambdameter.emulator.messages import Request, Response

Handler = Callable[[Request], Response | Awaitable[Response]]
"""A response, or the promise of one: what need not wait is answered at once."""

Admit = Callable[[str, str, Mapping[str, str]], Response | None]
"""(method, target, headers) -> the answer to a request that is not served; None: it is."""


def admission(rules: guard.Rules, answer: Callable[[str], Response]) -> Admit:
    """The guard of one API, whose own form of an error `answer` puts a message into."""

    def admit(method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        refused = guard.refusal(method, target, headers, rules)
        return None if refused is None else answer(refused.message)

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
