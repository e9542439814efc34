"""Serves the page, where it is, and what was recorded: to this machine's own browser alone."""

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
from lambdameter.model.live import LiveSite
from lambdameter.race.export import Code, export
from lambdameter.race.races import Races

LOOPBACK = "127.0.0.1"
_NOT_FOUND, _FORBIDDEN = 404, 403
# All but data, which is not run.
_INLINE = r"<{0}\b(?![^>]*application/json)[^>]*>(.*?)</{0}>"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_RULES = rules.Rules(profile=rules.PAGE, remedy="Open the address that `lambdameter live` printed.")


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What is served.

    Attributes:
        page: one self-contained HTML document.
        code: lane -> the deployed source.
        current: the race that is on, or was on last.
    """

    page: str
    site: LiveSite
    races: Races
    code: Code
    current: Callable[[], str | None] = lambda: None


def bind(port: int) -> socket.socket:
    """Take a port on loopback; 0: a free one.

    Raises:
        HostError: it cannot be had.
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
async def serving(stage: Stage, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on a socket that `bind` made, as long as the context lasts."""
    config = Config(
        application(stage),
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
        """Leave them to the command line."""
        yield


def application(stage: Stage) -> ASGIApp:
    """The routes, for those who may ask."""
    policy = _policy(stage)

    async def page(_: Request) -> Response:
        return HTMLResponse(stage.page, headers={"Content-Security-Policy": policy})

    async def site(_: Request) -> Response:
        return _json(stage.site)

    async def races(_: Request) -> Response:
        return _json(await asyncio.to_thread(stage.races.list))

    async def current(_: Request) -> Response:
        race = stage.current()
        # Not "not found": a browser's console would tell that as an error.
        return _json(None) if race is None else await recorded(race)

    async def race(request: Request) -> Response:
        return await recorded(request.path_params["race"])

    async def recorded(name: str) -> Response:
        with _told():
            return _json(await asyncio.to_thread(stage.races.read, name))

    async def code(_: Request) -> Response:
        return _json({"lanes": stage.code})

    async def exported(request: Request) -> Response:
        wanted = request.query_params.getlist("race") or None
        with _told():
            chosen = await asyncio.to_thread(stage.races.every, wanted)
        headers = {
            "Content-Security-Policy": policy,
            "Content-Disposition": 'attachment; filename="lambdameter-races.html"',
        }
        return HTMLResponse(export(stage.page, stage.site, chosen, stage.code), headers=headers)

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


def _policy(stage: Stage) -> str:
    """The page's own scripts and styles, by their hashes, and nobody but us and the gateway."""
    gateway = stage.site.websocket
    origin = f" {'/'.join(gateway.split('/')[:3])}" if gateway else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(stage.page, 'script')}",
            f"style-src {_hashes(stage.page, 'style')}",
            "img-src 'self' data:",
            "font-src data:",
            f"connect-src 'self'{origin}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hashes(page: str, element: str) -> str:
    """What may be inline.

    https://www.w3.org/TR/CSP3/#framework-directive-source-list
    """
    inline = re.findall(_INLINE.format(element), page, re.DOTALL)
    digests = (hashlib.sha256(one.encode()).digest() for one in inline)
    return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests) or "'none'"


def _with_headers(served: ASGIApp) -> ASGIApp:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await served(scope, receive, sent)

    return answered


def _forbidden(message: str) -> Response:
    return _error(_FORBIDDEN, message, _HEADERS)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A race that is not there, or cannot be read, is not found."""
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
