"""Who may speak to a server on loopback: a page of somebody else's must not, wherever it came from.

A browser lets any page reach loopback, by WebSocket too; it tells whose page it is in Origin, and a
name that was bent to point here stands in Host. Programs send no Origin. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


def allowed(
    headers: Mapping[str, str], origins: Collection[str] = (), hosts: Collection[str] = ()
) -> bool:
    """Whether a request is served.

    Args:
        headers: names in lower case.
        origins: of pages that are welcome, beside the server's own.
        hosts: names that it may be called by, beside localhost and addresses.
    """
    host = headers.get("host", "")
    origin = headers.get("origin")
    welcome = origin is None or origin in origins or origin == f"http://{host}"
    return welcome and _is_ours(host, hosts)


def _is_ours(host: str, hosts: Collection[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name in hosts:
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
