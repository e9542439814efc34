"""Serves the page, its site, and recorded races: only to a browser on this machine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config, Server

from lambdameter.errors import BadInputError, HostError
from lambdameter.guard import rules
from lambdameter.guard.asgi import GuardedApp, GuardedHttp
from lambdameter.model.race_records import DeployedCode, RaceSite
from lambdameter.race.export import export
from lambdameter.race.recordings import Recordings

LOOPBACK = "127.0.0.1"
_NOT_FOUND, _FORBIDDEN = 404, 403
# Not the data element: it is never executed.
_INLINE = r"<{0}\b(?![^>]*application/json)[^>]*>(.*?)</{0}>"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_RULES = rules.Rules(profile=rules.PAGE, remedy="Open the address that `lambdameter live` printed.")


class PageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the server serves.

    Attributes:
        page: the built page, one HTML document.
        code: the deployed source code; None if it is not known.
        current: returns the id of the race that is running, or ran last.
    """

    page: str
    site: RaceSite
    recordings: Recordings
    code: DeployedCode | None = None
    current: Callable[[], str | None] = lambda: None


def bind(port: int) -> socket.socket:
    """Listen on a port of the loopback address; 0 picks a free port.

    Raises:
        HostError: the port is taken or not allowed.
    """
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise HostError(
            f"The page cannot be served on this port: {error.strerror}",
            place=f"{LOOPBACK}:{port}",
            next_step="Choose another port with --port, or 0 for a free port.",
        ) from error


@contextlib.asynccontextmanager
async def serving(content: PageContent, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on a socket that `bind` made, until the context ends."""
    config = Config(
        application(content),
        http=GuardedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Server(Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The command line handles signals."""
        yield


def application(content: PageContent) -> ASGIApp:
    """The routes, behind the guard."""
    policy = _policy(content)

    async def page(_: Request) -> Response:
        return HTMLResponse(content.page, headers={"Content-Security-Policy": policy})

    async def site(_: Request) -> Response:
        return _json(content.site)

    async def races(_: Request) -> Response:
        return _json(await asyncio.to_thread(content.recordings.list))

    async def current(_: Request) -> Response:
        race = content.current()
        # Not 404: a browser's console shows that as an error.
        return _json(None) if race is None else await recorded(race)

    async def race(request: Request) -> Response:
        return await recorded(request.path_params["race"])

    async def recorded(name: str) -> Response:
        with _bad_input_is_not_found():
            return _json(await asyncio.to_thread(content.recordings.read, name))

    async def code(_: Request) -> Response:
        return _json(content.code or DeployedCode(lanes={}))

    async def exported(request: Request) -> Response:
        wanted = request.query_params.getlist("race") or None
        with _bad_input_is_not_found():
            chosen = await asyncio.to_thread(content.recordings.read_all, wanted)
        headers = {
            "Content-Security-Policy": policy,
            "Content-Disposition": 'attachment; filename="lambdameter-races.html"',
        }
        html = export(content.page, content.site, chosen, content.code)
        return HTMLResponse(html, headers=headers)

    routes = [
        Route("/", page),
        Route("/site.json", site),
        Route("/races.json", races),
        Route("/races/current.json", current),
        Route("/races/{race}.json", race),
        Route("/code.json", code),
        Route("/export.html", exported),
    ]
    served = Starlette(routes=routes, exception_handlers={HTTPException: _refusal})
    return GuardedApp(_with_headers(served), _RULES, _forbidden)


def _policy(content: PageContent) -> str:
    """Allows the page's own scripts and styles by their hashes, this server and the WebSocket."""
    websocket = content.site.websocket
    origin = f" {'/'.join(websocket.split('/')[:3])}" if websocket else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(content.page, 'script')}",
            f"style-src {_hashes(content.page, 'style')}",
            "img-src 'self' data:",
            "font-src data:",
            f"connect-src 'self'{origin}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hashes(page: str, element: str) -> str:
    """The hashes of all inline scripts or styles.

    https://www.w3.org/TR/CSP3/#framework-directive-source-list
    """
    inline = re.findall(_INLINE.format(element), page, re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in inline)
    return (
        " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
    )


def _with_headers(served: ASGIApp) -> ASGIApp:
    async def with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await served(scope, receive, send_with_headers)

    return with_headers


def _forbidden(message: str) -> Response:
    return _error(_FORBIDDEN, message, _HEADERS)


@contextlib.contextmanager
def _bad_input_is_not_found() -> Iterator[None]:
    """404 for a race that does not exist or cannot be read."""
    try:
        yield
    except BadInputError as error:
        raise HTTPException(_NOT_FOUND, error.cause) from error


async def _refusal(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _error(error.status_code, error.detail, error.headers)


def _error(status: int, cause: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json({"error": cause}, status, headers)


def _json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(content), status, media_type="application/json", headers=headers
    )
