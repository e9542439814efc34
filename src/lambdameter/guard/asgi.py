"""The guard in front of an ASGI application on uvicorn.

ASGI knows no request line and no second Host header, so a part of it stands below ASGI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lambdameter.guard import rules as guard

# In a connection's scope["state"]: the target as it stands in the request line.
_TARGET = "lambdameter.targets"


class GuardedApp:
    """An ASGI application for those who may speak to it.

    Args:
        refuse: puts a message into the application's own form of an error.
    """

    def __init__(
        self, served: ASGIApp, rules: guard.Rules, refuse: Callable[[str], Response]
    ) -> None:
        self._served = served
        self._rules = rules
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is allowed. A handshake that is not never becomes one: GuardedHttp."""
        target = scope.get("state", {}).get(_TARGET, scope["path"])
        headers = _joined(scope["headers"])
        refused = self.refusal(scope.get("method", "GET"), target, headers)
        if refused is None:
            await self._served(scope, receive, send)
            return
        response = self._refuse(refused.message)
        if "expect" in headers or "upgrade" in headers:
            # Whether a body follows is the client's to choose, so the next request's begin is lost.
            response.headers["connection"] = "close"
        await response(scope, receive, send)

    def refusal(self, method: str, target: str, headers: dict[str, str]) -> guard.Refusal | None:
        """As guard.refusal."""
        return guard.refusal(method, target, headers, self._rules)


class GuardedHttp(HttpToolsProtocol):
    """uvicorn's connection, which shows a GuardedApp what ASGI has no place for.

    With `proxy_headers=False`: else uvicorn puts an application of its own in between.
    """

    def on_headers_complete(self) -> None:
        """Keep the target: of a URL in full uvicorn takes the path alone, of none it makes 400."""
        self.scope["state"][_TARGET] = self.url.decode("latin-1")
        if not self.url.startswith(b"/"):
            self.url = b"/"
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: what a page tries again and again is no line of a log."""

    def _should_upgrade(self) -> bool:
        return super()._should_upgrade() and self._is_allowed()

    def _is_allowed(self) -> bool:
        """Asked before the handshake is anybody's: wsproto has an answer of its own to bad ones."""
        app: Any = self.app
        target = self.scope["state"][_TARGET]
        return app.refusal(self.scope["method"], target, _joined(self.headers)) is None


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        guard.add(joined, name, value)
    return joined
