"""The declaration of a WebSocket API: a record, or a TOML file such as this one.

name = "race"
stage = "live"

[routes]                    # route key -> function
"$connect" = "connection"
"$default" = "connection"
run = "runner"

[listen]                    # optional, as is each of its keys
host = "127.0.0.1"
port = 9002                 # 0: a free port
origins = ["http://127.0.0.1:5173"]
hosts = []                  # names and addresses that clients may call it by, beside loopback's
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import tomllib
from pathlib import Path

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.guard import authority
from lambdameter.guard.authority import Origin

CONNECT = "$connect"
DISCONNECT = "$disconnect"
DEFAULT = "$default"
PREDEFINED = (CONNECT, DISCONNECT, DEFAULT)

# https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
_STAGE = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_API_ID_DIGITS = 10
_MAX_PORT = 65_535


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gateway listens, and whose pages may use it.

    Attributes:
        host: the IP address to listen at.
        port: 0: a free port.
        origins: origins of pages that may connect, beside the gateway's own:
            "http://127.0.0.1:5173".
        hosts: names and addresses that clients may call it by, beside loopback's and `host`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class WebSocketApi(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One API with one stage.

    Messages are routed by `$request.body.action`, as AWS proposes:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html

    Attributes:
        routes: route key -> name of the function.
    """

    name: str
    stage: str
    routes: dict[str, str]
    listen: Listen = Listen()

    @property
    def api_id(self) -> str:
        """Ten characters, as AWS's; the same name always has the same id."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:_API_ID_DIGITS]


def load(file: str | Path) -> WebSocketApi:
    """Read and check a declaration.

    Raises:
        BadInputError: the file cannot be read, or its content is not valid.
    """
    place = str(file)
    try:
        document = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        return checked(msgspec.convert(document, WebSocketApi), place)
    except OSError as error:
        raise BadInputError(
            f"The declaration of the WebSocket API cannot be read: {error.strerror}",
            place=place,
            next_step="Give a TOML file with name, stage and [routes].",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"This file is not valid TOML: {error}",
            place=place,
            next_step="Fix the syntax there.",
        ) from error
    except msgspec.ValidationError as error:
        raise BadInputError(
            f"The declaration is not valid: {error}",
            place=place,
            next_step="Write name, stage and [routes], each route with a function's name.",
        ) from error


def checked(api: WebSocketApi, place: str) -> WebSocketApi:
    """Check what the types of an API do not; returns the same API.

    Args:
        api: the API.
        place: where it was declared, for the error.

    Raises:
        BadInputError: a stage, a route, a port or a host is not valid.
    """
    if not _STAGE.fullmatch(api.stage):
        raise BadInputError(
            f"{api.stage!r} is not a valid stage",
            place=place,
            next_step="Use up to 128 letters, digits, hyphens and underscores.",
        )
    unknown = [key for key in api.routes if key.startswith("$") and key not in PREDEFINED]
    if unknown or not api.routes:
        raise BadInputError(
            f"{unknown[0]!r} is not a valid route" if unknown else "The API has no route",
            place=place,
            next_step=f"The predefined routes are {', '.join(PREDEFINED)}.",
        )
    if not 0 <= api.listen.port <= _MAX_PORT:
        raise BadInputError(
            f"{api.listen.port} is not a port number",
            place=place,
            next_step=f"Choose a port up to {_MAX_PORT}, or 0 for a free port.",
        )
    _check_callers(api.listen, place)
    return api


def _check_callers(listen: Listen, place: str) -> None:
    for text in listen.hosts:
        if authority.host(text) is None:
            raise BadInputError(
                f"{text!r} in `hosts` is not a host name or IP address",
                place=place,
                next_step="Write the part between ws:// and the port: race.test, 192.168.1.5.",
            )
    for text in listen.origins:
        if authority.origin(text) is None:
            raise BadInputError(
                f"{text!r} in `origins` is not the origin of a page",
                place=place,
                next_step="Write scheme, host and port, as a browser does: http://127.0.0.1:5173.",
            )


def hosts(listen: Listen) -> frozenset[str]:
    """Hosts that a request may name, beside loopback's: declared ones, and where it listens."""
    names = {authority.host(text) for text in listen.hosts} | {_address(listen.host)}
    return frozenset(name for name in names if name is not None)


def origins(listen: Listen) -> frozenset[Origin]:
    """Origins of the pages that may connect, beside the gateway's own."""
    parsed = map(authority.origin, listen.origins)
    return frozenset(origin for origin in parsed if origin is not None)


def _address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return authority.host(text)
