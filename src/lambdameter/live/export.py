"""The page with its data inside: one file that needs nobody. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from lambdameter.errors import HostError
from lambdameter.model import LiveSite, RecordedRace

_SLOT = re.compile(r'(<script id="lambdameter-data" type="application/json">)null(</script>)')


class _Exported(msgspec.Struct, frozen=True, kw_only=True):
    site: LiveSite
    races: tuple[RecordedRace, ...]
    exported: bool = True


def export(page: str, site: LiveSite, races: Sequence[RecordedRace]) -> str:
    """The page, with these races in it, and neither token nor gateway.

    Raises:
        HostError: it has no place for them.
    """
    alone = msgspec.structs.replace(site, token=None, websocket=None)
    data = msgspec.json.encode(_Exported(site=alone, races=tuple(races))).decode()
    # Neither `</script>` nor `<!--` may end the element, whatever a function said:
    # https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    safe = data.replace("<", "\\u003c")
    filled, found = _SLOT.subn(lambda slot: slot[1] + safe + slot[2], page)
    if found != 1:
        raise HostError(
            "The page has no place for recorded races",
            place='<script id="lambdameter-data">',
            next_step="Build it anew: `make setup`.",
        )
    return filled
