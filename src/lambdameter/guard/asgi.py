"""The guard in front of an ASGI application on uvicorn.

ASGI has no request line and no second Host header, so a part of the guard is below ASGI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lambdameter.guard import rules as guard

# Key of the request line's target in a connection's scope["state"].
_TARGET = "lambdameter.targets"


class GuardedApp:
    """An ASGI application that serves only allowed requests.

    Args:
        refuse: a message -> the application's own form of an error response.
    """

    def __init__(
        self, served: ASGIApp, rules: guard.Rules, refuse: Callable[[str], Response]
    ) -> None:
        self._served = served
        self._rules = rules
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve allowed requests; GuardedHttp refuses handshakes before they reach this."""
        target = scope.get("state", {}).get(_TARGET, scope["path"])
        headers = _joined(scope["headers"])
        refused = self.refusal(scope.get("method", "GET"), target, headers)
        if refused is None:
            await self._served(scope, receive, send)
            return
        response = self._refuse(refused.message)
        if "expect" in headers or "upgrade" in headers:
            # The client may or may not send a body, so the start of the next request is unknown.
            response.headers["connection"] = "close"
        await response(scope, receive, send)

    def refusal(self, method: str, target: str, headers: dict[str, str]) -> guard.Refusal | None:
        """The result of guard.refusal."""
        return guard.refusal(method, target, headers, self._rules)


class GuardedHttp(HttpToolsProtocol):
    """uvicorn's connection, with the target of the request line for GuardedApp.

    It needs `proxy_headers=False`: otherwise uvicorn puts another application in between.
    """

    def on_headers_complete(self) -> None:
        """Save the target: uvicorn keeps only the path of a URL, and answers others with 400."""
        self.scope["state"][_TARGET] = self.url.decode("latin-1")
        if not self.url.startswith(b"/"):
            self.url = b"/"
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing, since a page may try this again and again."""

    def _should_upgrade(self) -> bool:
        return super()._should_upgrade() and self._is_allowed()

    def _is_allowed(self) -> bool:
        """Whether an upgrade is allowed, before wsproto gives its own answer to bad handshakes."""
        app: Any = self.app
        target = self.scope["state"][_TARGET]
        return app.refusal(self.scope["method"], target, _joined(self.headers)) is None


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        guard.add(joined, name, value)
    return joined
