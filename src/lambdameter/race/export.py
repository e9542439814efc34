"""The page with its data inside: one file that needs nobody. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from lambdameter.errors import HostError
from lambdameter.model.live import LiveSite, RecordedRace, SourceFile

_SLOT = re.compile(r'(<script id="lambdameter-data" type="application/json">)null(</script>)')


Code = Mapping[str, Sequence[SourceFile]]


class _Code(msgspec.Struct, frozen=True):
    lanes: Code


class _Exported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    site: LiveSite
    races: tuple[RecordedRace, ...]
    exported: bool
    code: _Code | None = None


def export(page: str, site: LiveSite, races: Sequence[RecordedRace], code: Code) -> str:
    """The page, with these races in it, and neither token nor gateway.

    Args:
        page: with an empty place for them.
        site: where they were held.
        races: in any order.
        code: lane -> the source that was deployed; empty where that is not known any more.

    Raises:
        HostError: it has no place for them.
    """
    alone = msgspec.structs.replace(site, token=None, websocket=None)
    inside = _Exported(
        site=alone, races=tuple(races), exported=True, code=_Code(code) if code else None
    )
    data = msgspec.json.encode(inside).decode()
    # Neither `</script>` nor `<!--` may end the element, whatever a function said:
    # https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    safe = data.replace("<", "\\u003c")
    filled, found = _SLOT.subn(lambda slot: slot[1] + safe + slot[2], page)
    if found != 1:
        raise HostError(
            "The page has no place for recorded races",
            place='<script id="lambdameter-data">',
            next_step="Build the page again with `make setup`.",
        )
    return filled
