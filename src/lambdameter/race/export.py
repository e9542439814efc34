"""The page with recorded races inside: one file that needs no server. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from lambdameter.errors import HostError
from lambdameter.model.race_records import DeployedCode, ExportedRaces, RaceSite, RecordedRace

_DATA = re.compile(r'(<script id="lambdameter-data" type="application/json">)null(</script>)')


def export(
    page: str, site: RaceSite, races: Sequence[RecordedRace], code: DeployedCode | None
) -> str:
    """The page with these races in it, without token and WebSocket URL.

    Args:
        page: the built page, whose data element is empty.
        site: where the races ran.
        races: in any order.
        code: the deployed source code; None if it is not known any more.

    Raises:
        HostError: the page has no element for the data.
    """
    exported = ExportedRaces(
        site=msgspec.structs.replace(site, token=None, websocket=None),
        races=tuple(races),
        code=code,
    )
    # No text of a message may end the element with `</script>` or `<!--`:
    # https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    data = msgspec.json.encode(exported).decode().replace("<", "\\u003c")
    filled, replacements = _DATA.subn(lambda element: element[1] + data + element[2], page)
    if replacements != 1:
        raise HostError(
            "The page has no place for recorded races",
            place='<script id="lambdameter-data">',
            next_step="Build the page again with `make setup`.",
        )
    return filled
