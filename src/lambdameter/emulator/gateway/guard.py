"""Who may speak to the gateway: a page of somebody else's must not, wherever it was loaded from.

A browser lets any page open a WebSocket to loopback; it tells whose page it is in Origin, and a
name that was bent to point here stands in Host. Programs send no Origin. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from lambdameter.emulator.gateway.declaration import Listen


def allowed(headers: Mapping[str, str], listen: Listen) -> bool:
    """Whether a request with these headers (names in lower case) is served."""
    host = headers.get("host", "")
    return _is_ours(host, listen) and _is_welcome(headers.get("origin"), host, listen)


def _is_ours(host: str, listen: Listen) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name in listen.hosts:
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_welcome(origin: str | None, host: str, listen: Listen) -> bool:
    return origin is None or origin in listen.origins or origin == f"http://{host}"
