"""UpdateFunctionCode: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.control_api.documents import CodeRequest, json_response, read_request
from lambdameter.emulator.control_plane import ControlPlane


class _Request(CodeRequest, frozen=True, kw_only=True, rename="pascal"):
    revision_id: str | None = None


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Change the code; the next invocation starts a new environment."""
    body = await read_request(request, "UpdateFunctionCode")
    function = plane.functions.get(request.path_params["name"])
    asked = msgspec.json.decode(body, type=_Request)
    changed = await plane.update_code(function, asked.package(), asked.revision_id)
    return json_response(changed.document())
