"""What must be the same where races are compared with each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lambdameter.model import LiveSite

# Caveats that are of one tier, or of the bill alone.
_NO_CONDITION = re.compile(r"[\d,]+ MB|bill")
# FNV-1a, 64 bits: https://datatracker.ietf.org/doc/html/rfc9923
_BASIS, _PRIME, _BITS = 0xCBF29CE484222325, 0x100000001B3, 64


def conditions(site: LiveSite) -> str:
    """A digest of target, region, architecture, records, code, and what its caveats tell.

    The page makes the same of the sites that it knows (ui/src/likeness.ts), and cannot wait for a
    cryptographic one.
    """
    value = _BASIS
    for byte in "\n".join(_told(site)).encode():
        value = ((value ^ byte) * _PRIME) % (1 << _BITS)
    return f"{value:016x}"


def _told(site: LiveSite) -> Iterator[str]:
    yield from (site.target, site.region, site.architecture, str(site.records))
    for lane in site.lanes:
        yield f"{lane.name} {lane.runtime} {lane.zip_bytes}"
    for caveat in site.caveats:
        if not _NO_CONDITION.fullmatch(caveat.label):
            yield f"{caveat.label}: {caveat.text}"
