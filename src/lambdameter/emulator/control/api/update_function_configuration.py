"""UpdateFunctionConfiguration.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import msgspec

from lambdameter.emulator.control.api.documents import read_request
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.control.settings import SettingsRequest, refuse_unserved
from lambdameter.emulator.http.messages import Request, Response, json_response


class _Request(msgspec.Struct, kw_only=True, rename="pascal"):
    revision_id: str | None = None


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Change the configuration; the next invocation starts a new environment."""
    body = read_request(request, "UpdateFunctionConfiguration")
    function = plane.functions.get(request.parameters["name"])
    revision = msgspec.json.decode(body, type=_Request).revision_id
    refuse_unserved(msgspec.json.decode(body))
    settings = msgspec.json.decode(body, type=SettingsRequest).settings(function.settings)
    return json_response(plane.update_settings(function, settings, revision).document())
