"""ListFunctions: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html."""

from __future__ import annotations

from lambdameter.emulator.control.api_errors import invalid_parameter
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http.messages import Request, Response, json_response

_MAX_ITEMS = 50


async def handle(plane: ControlPlane, request: Request) -> Response:
    """A page of configurations, sorted by name; the marker is the last name of the page before."""
    marker = request.query.get("Marker", "")
    limit = request.query.get("MaxItems", str(_MAX_ITEMS))
    if not limit.isdecimal() or int(limit) < 1:
        raise invalid_parameter("MaxItems must be a number from 1")
    rest = [function for function in plane.functions.all() if function.name > marker]
    page = rest[: min(int(limit), _MAX_ITEMS)]
    document: dict[str, object] = {"Functions": [function.document() for function in page]}
    if len(page) < len(rest):
        document["NextMarker"] = page[-1].name
    return json_response(document)
