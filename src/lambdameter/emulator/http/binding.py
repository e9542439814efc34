"""Where the emulator's APIs listen, and by which names clients may call them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from lambdameter.errors import BadInputError
from lambdameter.guard import authority

LOOPBACK = "127.0.0.1"
LOOPBACK_6 = "::1"
REMEDY = "Call 127.0.0.1 or localhost, or allow the name with --allow-host."
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Where an API listens; make it with `binding`.

    Attributes:
        host: the address, in canonical form.
        names: canonical hosts that requests may name, beside loopback's.
    """

    host: str = LOOPBACK
    names: frozenset[str] = frozenset()

    @property
    def everywhere(self) -> bool:
        """Whether the API listens at every address of this machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the API."""
        return ipaddress.ip_address(self.host).is_loopback

    def reached(self, port: int) -> str:
        """host:port for a client on this machine."""
        host = self.host
        if self.everywhere:
            host = LOOPBACK_6 if ":" in host else LOOPBACK
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def binding(host: str = LOOPBACK, allowed: Iterable[str] = ()) -> Binding:
    """Where to listen.

    Args:
        host: the IP address to listen at.
        allowed: further names and addresses that requests may name.

    Raises:
        BadInputError: the address or a name is malformed.
    """
    address = _address(host)
    names = {_name(text) for text in allowed}
    # Clients call the API by the address that was asked for.
    if not (address.is_loopback or address.is_unspecified):
        names.add(str(address))
    return Binding(host=str(address), names=frozenset(names))


def _address(text: str) -> _Address:
    try:
        address = ipaddress.ip_address(text)
        if not isinstance(address, ipaddress.IPv6Address):
            return address
        if address.scope_id is None and address.ipv4_mapped is None:
            return address
    except ValueError:
        pass
    raise BadInputError(
        f"{text!r} is not an IP address",
        place="--host",
        next_step="Give an address of this machine, as `ip address` lists them, or "
        "0.0.0.0 or :: for all addresses.",
    )


def _name(text: str) -> str:
    name = authority.host(text)
    if name is None:
        raise BadInputError(
            f"{text!r} is not a host name or IP address",
            place="--allow-host",
            next_step="Give the part between http:// and the port: lambda.test, 192.168.1.5.",
        )
    return name
