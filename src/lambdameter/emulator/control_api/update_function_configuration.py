"""UpdateFunctionConfiguration.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.control_api.documents import json_response, read_request
from lambdameter.emulator.control_plane import ControlPlane
from lambdameter.emulator.settings import SettingsRequest, refuse_unserved


class _Request(msgspec.Struct, kw_only=True, rename="pascal"):
    revision_id: str | None = None


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Change the configuration; the next invocation starts a new environment."""
    body = await read_request(request, "UpdateFunctionConfiguration")
    function = plane.functions.get(request.path_params["name"])
    refuse_unserved(msgspec.json.decode(body))
    settings = msgspec.json.decode(body, type=SettingsRequest).settings(function.settings)
    revision = msgspec.json.decode(body, type=_Request).revision_id
    return json_response(plane.update_settings(function, settings, revision).document())
