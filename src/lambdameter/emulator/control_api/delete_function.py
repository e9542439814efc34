"""DeleteFunction: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.control_plane import ControlPlane


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Forget the function; environments that serve finish their invocation first."""
    await plane.delete(plane.functions.get(request.path_params["name"]))
    return Response(status_code=204)
