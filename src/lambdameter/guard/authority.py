"""Strict parsing of the Host and Origin headers. Pure.

A value that is not exactly `host[:port]`, or `scheme://host[:port]`, is None: browsers write both
themselves, and AWS's clients follow this form, too.
https://www.rfc-editor.org/rfc/rfc9110#field.host
https://www.rfc-editor.org/rfc/rfc6454#section-7
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import NamedTuple

LOCALHOST = "localhost"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
# https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
_MAX_NAME = 253
# Longest text that is parsed: a name, brackets and a port.
_MAX_TEXT = 300
_PORT = re.compile(r"[0-9]{1,5}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# RFC 952 does not allow the underscore, but many container names have one.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# Browsers read a name whose last label is a number as an IPv4 address, in any notation.
# https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Authority(NamedTuple):
    """A host in canonical form (IPv6 without brackets), and the port if there is one.

    Attributes:
        loopback: whether the host is always this machine, without asking a name server.
    """

    host: str
    port: int | None
    loopback: bool


class Origin(NamedTuple):
    """The origin of the page that sends a request, with an explicit port."""

    scheme: str
    host: str
    port: int | None


def authority(text: str) -> Authority | None:
    """Parse a Host header; None: not valid."""
    return _authority(text) if len(text) <= _MAX_TEXT else None


def origin(text: str) -> Origin | None:
    """Parse an Origin header; None: not valid, or "null"."""
    scheme, separator, rest = text.partition("://")
    server = authority(rest)
    if not separator or server is None or not _SCHEME.fullmatch(scheme.lower()):
        return None
    return origin_of(scheme.lower(), server)


def origin_of(scheme: str, server: Authority) -> Origin:
    """The origin of a server's own pages."""
    port = _DEFAULT_PORTS.get(scheme) if server.port is None else server.port
    return Origin(scheme, server.host, port)


def host(text: str) -> str | None:
    """A host without port in canonical form, with optional brackets; None: not valid.

    0.0.0.0 and :: are not valid: only a deceived browser calls a server by these.
    """
    bracketed = f"[{text}]" if ":" in text and not text.startswith("[") else text
    server = authority(bracketed)
    if server is None or server.port is not None or _is_unspecified(server.host):
        return None
    return server.host


# Cached, because every request has one of the same few hosts.
@functools.lru_cache(maxsize=256)
def _authority(text: str) -> Authority | None:
    if not text.isascii():
        return None
    text = text.lower()
    if text.startswith("["):
        address, closed, port = text[1:].partition("]")
        parsed = _ipv6(address) if closed else None
    else:
        name, _, port = text.partition(":")
        parsed, port = _ipv4_or_name(name), text[len(name) :]
    if parsed is None or not _is_port(port):
        return None
    return Authority(parsed[0], int(port[1:]) if port else None, loopback=parsed[1])


def _is_port(text: str) -> bool:
    """Whether a text is empty, or a colon and a port."""
    if not text:
        return True
    number = text[1:]
    return text[0] == ":" and bool(_PORT.fullmatch(number)) and int(number) <= _MAX_PORT


def _ipv6(text: str) -> tuple[str, bool] | None:
    """The address and whether it is loopback; None: not valid, or with a zone."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    return address.compressed, (address.ipv4_mapped or address).is_loopback


def _ipv4_or_name(text: str) -> tuple[str, bool] | None:
    text = text.removesuffix(".")
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return _name(text)
    return address.compressed, address.is_loopback


def _name(text: str) -> tuple[str, bool] | None:
    labels = text.split(".")
    if len(text) > _MAX_NAME or not all(map(_LABEL.fullmatch, labels)):
        return None
    if _NUMBER.fullmatch(labels[-1]):
        return None
    # All names below localhost are loopback, too: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    return text, labels[-1] == LOCALHOST


def _is_unspecified(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_unspecified
