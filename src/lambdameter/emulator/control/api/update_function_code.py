"""UpdateFunctionCode: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html."""

from __future__ import annotations

import msgspec

from lambdameter.emulator.control.api.documents import CodeRequest, read_request
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http.messages import Request, Response, json_response


class _Request(CodeRequest, frozen=True, kw_only=True, rename="pascal"):
    revision_id: str | None = None


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Change the code; the next invocation starts a new environment."""
    body = read_request(request, "UpdateFunctionCode")
    function = plane.functions.get(request.parameters["name"])
    arguments = msgspec.json.decode(body, type=_Request)
    changed = await plane.update_code(function, arguments.package(), arguments.revision_id)
    return json_response(changed.document())
